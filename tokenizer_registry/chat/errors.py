"""What is wrong with a request that is to be counted."""

from tokenizer_registry.errors import RegistryError


class BadChatRequest(RegistryError):
    """A request that its provider would refuse. `path` names the place: `messages[2].content[0].image_url`."""

    def __init__(self, path: str, fault: str) -> None:
        super().__init__(path, fault)
        self.path = path
        self.fault = fault

    def __str__(self) -> str:
        return f"{self.path or 'the request'} {self.fault}"
