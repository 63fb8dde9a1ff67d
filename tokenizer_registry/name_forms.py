"""Fixed rewrites: takes apart the forms in which providers, hosts and clouds write a model's name."""

from collections.abc import Iterator, Mapping

from tokenizer_registry.name_clouds import (
    named_by_vendor,
    with_fireworks_points,
    with_vertex_version,
    without_bedrock_context,
    without_bedrock_region,
    without_bedrock_revision,
    without_bedrock_version,
    without_vendor,
    without_vertex_first,
)
from tokenizer_registry.name_data import NameData, NameEnding
from tokenizer_registry.name_parts import NameForm, after_prefix
from tokenizer_registry.name_paths import without_path


def forms(name: str, data: NameData) -> Iterator[NameForm]:
    """Yield the forms of a name, each with one more rewrite; the name itself comes first.

    None come after a part that is not known.
    """
    form = NameForm(name)
    if name != name.lower():
        form = form.step("case", name.lower(), data.evidence["case"])
    form = named_by_vendor(form, data)
    yield form
    offered = _without_offer(form, data)
    if offered is not None and "/" in form.name:
        # A published alias may be a whole path.
        yield offered
    opened = without_path(form, data)
    if opened is None:
        return
    yield from _endings(opened, data)


def _endings(form: NameForm, data: NameData) -> Iterator[NameForm]:
    """Yield the forms of what is left of a name: with its ending, then without the ending that marks an offer."""
    yield from _rewritten(form, data)
    plain = _without_offer(form, data)
    if plain is not None:
        yield from _rewritten(plain, data)


def _rewritten(form: NameForm, data: NameData) -> Iterator[NameForm]:
    """Yield the form and, for each rewrite that applies to it, the form after it."""
    yield form
    for rewrite in (
        without_bedrock_region,
        without_bedrock_context,
        without_vendor,
        without_bedrock_revision,
        without_bedrock_version,
        with_vertex_version,
        without_vertex_first,
        with_fireworks_points,
        _without_weights,
        _without_leading_word,
        _without_leading_word,
    ):
        rewritten = rewrite(form, data)
        if rewritten is not None:
            yield rewritten
            form = rewritten


def _without_offer(form: NameForm, data: NameData) -> NameForm | None:
    """Return the form without the ending that marks an offer, such as `:free`."""
    ending = _ending(form, data.offers)
    if ending is None:
        return None
    offer = data.offers[ending]
    return form.step("offer", form.name.removesuffix(ending), offer.evidence)._replace(
        service=offer.service or form.service,
        same_price_for=offer.same_price_for,
        only_for=offer.only_for,
        is_free=offer.is_free,
    )


def _without_weights(form: NameForm, data: NameData) -> NameForm | None:
    """Return the form without the ending that says in which format the weights are."""
    ending = _ending(form, data.weights)
    if ending is None:
        return None
    weights = data.weights[ending]
    plain = form.step("weights", form.name.removesuffix(ending), weights.evidence)
    return plain._replace(service=weights.service or form.service, only_for=weights.only_for or form.only_for)


def _without_leading_word(form: NameForm, data: NameData) -> NameForm | None:
    """Return the form without the author's name in front of `meta-llama-3-8b`."""
    word, _, rest = form.name.partition("-")
    prefix = data.leading_words.get(word)
    return after_prefix(form, prefix, rest, "leading word") if prefix and rest else None


def _ending(form: NameForm, endings: Mapping[str, NameEnding]) -> str | None:
    """Return the first of the endings that this host writes and that leaves something of the name."""
    for ending, meaning in endings.items():
        if form.name.endswith(ending) and form.name != ending and (not meaning.hosts or form.host in meaning.hosts):
            return ending
    return None
