"""The price book: its file, its rows, and an operator's own prices over it."""

from pricing_data.book.price_book import PACKAGED, PriceBook, histories_of

__all__ = ["PACKAGED", "PriceBook", "histories_of"]
