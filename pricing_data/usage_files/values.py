"""Values of cells: counts, amounts, days and words. What cannot be read raises UnreadableRow; nothing is rounded."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation

from pricing_data.price import STANDARD
from pricing_data.responses.stated_terms import SERVICE_OF
from pricing_data.usage_files.row import UnreadableRow

MAX_SHOWN = 40
MAX_DIGITS = 30
MAX_UNIX_SECONDS_DIGITS, UNIX_MILLISECONDS_DIGITS = 11, 13
MIN_UNIX_DIGITS = 9
DAY_LENGTH = len("2026-01-31")
UTC_SECONDS_LENGTH = len("2026-01-31T12:00:00Z")
# An hour or less: then the instant at which a row begins says at which hour its calls were made.
MAX_HOURLY_BUCKET = timedelta(hours=1)
NOTHING = frozenset({"", "null", "none", "nan", "not_available", "n/a", "-"})
NOTHING_AS_WRITTEN = NOTHING | {word.upper() for word in NOTHING} | {"None", "Null", "NaN"}
MAX_NOTHING = max(map(len, NOTHING))
ZERO = re.compile(r"[+-]?0*[.,]?0*", re.ASCII)
SPACES = str.maketrans("", "", " \u00a0\u202f'’_")
GROUPED_BY_COMMA = re.compile(r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?", re.ASCII)
GROUPED_BY_POINT = re.compile(r"[+-]?[0-9]{1,3}(\.[0-9]{3})+(,[0-9]*)?", re.ASCII)
ONE_GROUP_OF_THREE = re.compile(r"[+-]?[1-9][0-9]{0,2}[.,][0-9]{3}", re.ASCII)
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?", re.ASCII)
TRUE = frozenset({"true", "1", "yes", "t", "y"})
FALSE = frozenset({"", "false", "0", "no", "f", "n", "null", "none"})
# What exports write where no tier was asked for.
NO_TIER = frozenset({"", "none", "null", "not_available", "on-demand"})
LONG_CONTEXT = (">", "200k-", "200k -", "long")
SHORT_CONTEXT = ("≤", "<", "0-", "0 -", "short", "standard")


def is_nothing(value: object) -> bool:
    """Return whether a cell says nothing: it is empty, or a word for that."""
    if type(value) is str:
        return not value or (len(value) <= MAX_NOTHING and value.strip().lower() in NOTHING)
    return value is None or value != value  # NaN


def is_zero(value: object) -> bool:
    """Return whether a cell is empty, 0, or says no: such a cell has no effect on a price."""
    if is_nothing(value) or value is False or value in ([], {}):
        return True
    text = str(value).strip().lower()
    return text in FALSE or ZERO.fullmatch(text) is not None or text in ("[]", "{}", "default", "standard", "global")


def shown(value: object) -> str:
    """Return a value as sentences show it: a number as it is, anything else in quotes, shortened."""
    text = str(value).strip()
    short = text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
    return short if NUMBER.fullmatch(short) else repr(short)


def count(name: str, value: object, *, decimal_comma: bool = False) -> int:
    """Return a whole count, 0 or more. Thousands may be separated; a fraction of zeros is none."""
    if type(value) is int:
        found: int | None = value
    else:
        text = value if type(value) is str else _plain_text(value)
        if text.isdecimal() and text.isascii() and len(text) <= MAX_DIGITS:
            return int(text)
        found = _whole(text, decimal_comma=decimal_comma)
    if found is None:
        raise UnreadableRow(f"{name} {shown(value)} is not a whole number")
    if abs(found) >= 10**MAX_DIGITS:
        raise UnreadableRow(f"{name} has more than {MAX_DIGITS} digits")
    if found < 0:
        raise UnreadableRow(f"{name} {shown(value)} is below 0")
    return found


def amount(name: str, value: object, *, decimal_comma: bool = False) -> Decimal:
    """Return an amount exactly as it is written, without the sign of a currency."""
    text = _plain_text(value).strip().strip("$€£").translate(SPACES).replace("−", "-")
    if decimal_comma and ONE_GROUP_OF_THREE.fullmatch(text):
        raise UnreadableRow(f"{name} {shown(value)} can be read in two ways; --decimal says which")
    found = _decimal(_pointed(text, decimal_comma=decimal_comma))
    if found is None:
        raise UnreadableRow(f"{name} {shown(value)} is not a number")
    return found


def flag(name: str, value: object) -> bool:
    """Return whether a cell says yes."""
    text = "" if value is None else str(value).strip().lower()
    if text in TRUE or text in FALSE:
        return text in TRUE
    raise UnreadableRow(f"{name} {shown(value)} is neither true nor false")


def service(name: str, value: object) -> str:
    """Return how a call was processed, one of `pricing_data.price.SERVICES`."""
    word = "" if value is None else str(value).strip().lower()
    found = STANDARD if word in NO_TIER else SERVICE_OF.get(word)
    if found is None:
        raise UnreadableRow(f"{name} {shown(value)} has no known price")
    return found


def region(value: object) -> str | None:
    """Return the region that a cell names, None for none."""
    return None if is_nothing(value) else str(value).strip().lower()


def long_context(name: str, value: object) -> bool | None:
    """Return whether a cell says that prompts reach the first tier, None if it says nothing."""
    if is_nothing(value):
        return None
    word = str(value).strip().lower()
    if word.startswith(LONG_CONTEXT):
        return True
    if word.startswith(SHORT_CONTEXT):
        return False
    raise UnreadableRow(f"{name} {shown(value)} is not known")


def moment(name: str, value: object) -> date:
    """Return a day, or an instant in UTC; one without a zone is taken as UTC."""
    if isinstance(value, datetime):
        return _in_utc(value)
    if isinstance(value, date):
        return value
    return _moment_of_text(name, str(value).strip().removesuffix(" UTC"))


def usual_instant(text: str) -> datetime | None:
    """Return an instant in its commonest form, "2026-01-31T12:00:00Z", else None."""
    if len(text) != UTC_SECONDS_LENGTH:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is UTC else None


def _moment_of_text(name: str, text: str) -> date:
    try:
        if text.isdecimal() and text.isascii() and len(text) >= MIN_UNIX_DIGITS:
            return _from_unix(text)
        return date.fromisoformat(text) if len(text) == DAY_LENGTH else _in_utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError, OSError):
        raise UnreadableRow(f"{name} {shown(text)} is neither a date nor an instant in ISO 8601") from None


def _in_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def bucket(begins: date, ends: date | None) -> date:
    """Return when the calls of a bucket were made: the instant where it is an hour or less, else the day."""
    if not isinstance(begins, datetime):
        return begins
    if isinstance(ends, datetime):
        return begins if ends - begins <= MAX_HOURLY_BUCKET else begins.date()
    return begins if begins.hour or begins.minute or begins.second else begins.date()


def day_of(at: date) -> date:
    """Return the day (UTC) of a day or an instant in UTC."""
    return at.date() if isinstance(at, datetime) else at


def _from_unix(text: str) -> datetime:
    if len(text) == UNIX_MILLISECONDS_DIGITS:
        seconds, milliseconds = divmod(int(text), 1000)
        return datetime.fromtimestamp(seconds, UTC) + timedelta(milliseconds=milliseconds)
    if len(text) > MAX_UNIX_SECONDS_DIGITS:
        raise ValueError(text)
    return datetime.fromtimestamp(int(text), UTC)


def _plain_text(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _whole(text: str, *, decimal_comma: bool) -> int | None:
    written = text.strip().translate(SPACES)
    # A count has no decimals: one group of three digits is thousands where commas are decimal, too.
    if decimal_comma and ONE_GROUP_OF_THREE.fullmatch(written):
        return int(written.replace(".", "").replace(",", ""))
    found = _decimal(_pointed(written, decimal_comma=decimal_comma))
    return int(found) if found is not None and found == found.to_integral_value() else None


def _pointed(text: str, *, decimal_comma: bool) -> str:
    """A number with a point before its decimals, and nothing between its thousands."""
    if decimal_comma and (GROUPED_BY_POINT.fullmatch(text) or ("," in text and "." not in text)):
        return text.replace(".", "").replace(",", ".")
    return text.replace(",", "") if GROUPED_BY_COMMA.fullmatch(text) else text


def _decimal(text: str) -> Decimal | None:
    if not NUMBER.fullmatch(text):
        return None
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    return found if found.is_finite() and abs(found.adjusted()) <= MAX_DIGITS else None
