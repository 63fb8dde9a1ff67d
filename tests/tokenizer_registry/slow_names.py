"""What a name says about generation, size and author, read by plain rules that share no code with the resolver."""

import re
from typing import NamedTuple

# The family by the first of these words in a name; makers of derived models come before the base's.
FAMILIES = {
    "sea-lion": "AI Singapore",
    "cogito": "Deep Cogito",
    "openhermes": "Teknium",
    "bge-": "BAAI",
    "e5-mistral": "Microsoft",
    "nemotron": "NVIDIA",
    "sonar": "Perplexity",
    "hermes": "Nous Research",
    "tulu": "Allen AI",
    "deepseek": "DeepSeek",
    "claude": "Anthropic",
    "gemini": "Google",
    "gemma": "Google",
    "grok": "xAI",
    "glm": "Z.ai",
    "kimi": "Moonshot AI",
    "minimax": "MiniMax",
    "nova-": "Amazon",
    "titan": "Amazon",
    "command": "Cohere",
    "llama": "Meta",
    "qwen": "Alibaba",
    "mistral": "Mistral",
    "mixtral": "Mistral",
    "ministral": "Mistral",
    "codestral": "Mistral",
    "jamba": "AI21",
    "phi-": "Microsoft",
    "gpt-": "OpenAI",
    "text-embedding-3": "OpenAI",
}
# Written here and there by other organisations than the family's.
EXCEPTIONS = {"tinyllama": "TinyLlama", "gpt-neo": "EleutherAI", "gpt-j": "EleutherAI", "distilgpt": "Hugging Face"}
SIZE_WORDS = {
    *("mini", "nano", "micro", "lite", "small", "medium", "large", "pro", "premier", "max", "plus", "turbo", "ultra"),
    *("super", "haiku", "sonnet", "opus", "fable", "mythos", "flash", "flashx", "air", "airx", "highspeed"),
    *("lightning", "luna", "sol", "terra", "astra", "tiny", "xl", "codex", "vision", "coder", "embed", "reasoner"),
    *("thinking"),
}
DATE = re.compile(
    r"(?<!\d)(20\d\d-\d\d-\d\d|20\d{6}|2[0-9](0[1-9]|1[0-2])(\d\d)?|(0[1-9]|1[0-2])-20\d\d"
    r"|(0[1-9]|1[0-2])-?[0-3]\d)(?![\db.])"
)
PARAMETERS = re.compile(
    r"(?<![\w.])0-\d+b|(?<![\w.])a?(\d+x)?\d+([.p_]\d+)?[bmt](?![a-z0-9])|(?<=-)\d+e(?!\w)|(?<=-e)\d+b(?!\w)"
)
CONTEXT = re.compile(r"(?<![\w.])\d+k(?!\w)")
NUMBER = re.compile(r"\d+")


class NameClaims(NamedTuple):
    """What a name states: numbers of its version, parameters, words of size, and its family's author."""

    version: tuple[str, ...]
    parameters: frozenset[str]
    sizes: tuple[str, ...]
    author: str | None


def claims(name: str) -> NameClaims:
    """Return what a name states, after taking off the path and the marks of clouds and formats."""
    plain = without_marks(name.lower())
    undated = CONTEXT.sub("", DATE.sub("", plain))
    parameters = frozenset(found.group().replace("0-", "0.").lstrip("a") for found in PARAMETERS.finditer(undated))
    rest = PARAMETERS.sub("", undated)
    words = [word for word in re.split(r"[^a-z]+", rest) if word in SIZE_WORDS]
    # Meta published these two sizes with vision only.
    words += re.findall(r"(?<=\d)[a-z](?![a-z0-9])", rest)
    words += ["vision"] * ("llama" in rest and "vision" not in words and bool({"11b", "90b"} & parameters))
    return NameClaims(
        version=tuple(NUMBER.findall(re.sub(r"(?<=\d)[.-]0(?!\d)", "", rest))),
        parameters=parameters,
        sizes=tuple(sorted(words)),
        author=author_claimed(plain),
    )


def without_marks(name: str) -> str:
    """Return a name without path, vendor, region, offer, packaging and format, in one spelling of points."""
    plain = re.sub(r"^ft:([^:]*).*$", r"\1", name.split("/")[-1].replace("_", "-").replace("@", "-"))
    plain = re.sub(r"^((us|eu|apac|global|us-gov|jp|au|ca|in)\.)?[a-z0-9-]*[a-z0-9]\.(?=[a-z])", "", plain)
    plain = re.sub(r":(free|batch|beta|thinking|online)$", "", plain)
    plain = re.sub(r"-default$", "", plain)
    plain = re.sub(r"-turbo$", "", plain) if re.match(r"together_ai/|deepinfra/", name) else plain
    plain = re.sub(r"-(awq|(nv)?fp\d+|int\d+|bf16)$", "", plain)
    plain = re.sub(r"-v\d+:\d+$|:\d$|-v1$|-maas$|-001$|-fast$|-batch$", "", plain)
    return re.sub(r"(?<=\d)p(?=\d)", ".", plain).replace("gpt-35", "gpt-3.5")


def author_claimed(plain: str) -> str | None:
    """Return the author of the family that a name states, None if it states none."""
    for word, author in {**EXCEPTIONS, **FAMILIES}.items():
        if word in plain:
            return author
    return None


def contradictions(name: str, model: str, author: str) -> list[str]:
    """Return in what a name and the model that it resolved to contradict each other."""
    said, found = claims(name), claims(model)
    faults = []
    if said.version and found.version and said.version != found.version:
        faults.append(f"version {said.version} {found.version}")
    if said.parameters and found.parameters and not said.parameters <= found.parameters:
        faults.append(f"parameters {set(said.parameters)} {set(found.parameters)}")
    if said.sizes != found.sizes:
        faults.append(f"size {said.sizes} {found.sizes}")
    # A model trained from another's says the family of its base in its own name.
    is_derived = said.author == found.author and letters(model) in letters(name)
    if said.author not in (None, author) and not is_derived and letters(author) not in letters(name.rpartition("/")[0]):
        faults.append(f"author {said.author} {author}")
    return faults


def letters(text: str) -> str:
    """Return the letters and digits of a text in lower case."""
    return re.sub(r"[^a-z0-9]", "", text.lower())


def is_one_sided(name: str, model: str) -> bool:
    """Return whether only one of a name and its model states a version or parameters."""
    said, found = claims(name), claims(model)
    return bool(said.version) != bool(found.version) or bool(said.parameters) != bool(found.parameters)
