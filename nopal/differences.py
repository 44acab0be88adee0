"""What the files ask for and a machine does not have yet, and what brings it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

Shape = Mapping[str, str]
"""A machine's shape field by field, as `Wish.shape` gives it."""


def differences(name: str, had: Shape, wanted: Shape) -> Iterator[str]:
    """Yield a line for each field in which the machine differs, with the command that mends it."""
    for field, value in had.items():
        now = wanted.get(field, value)
        if now == value:
            continue
        if field == "image":
            yield (
                f"image is {value}; only a new machine can have {now}, and this one's disk would"
                f" go: inv destroy -p {name}, inv up -p {name}"
            )
        elif field == "disk" and not _grows(value, now):
            yield f"disk is {value} and cannot shrink to {now}: set it to {value}"
        else:
            yield f"{field} is {value} and not {now} until: inv up --restart -p {name}"


def needs_boot(had: Shape, wanted: Shape) -> bool:
    """Return whether a boot would bring the machine closer to what is wanted."""
    stays = kept(had, wanted)
    return any(wanted.get(field, had[field]) != had[field] for field in had if field not in stays)


def kept(had: Shape, wanted: Shape) -> dict[str, str]:
    """Return what no boot changes: the image that the disk was made from, and room once given."""
    fields = {"image"}
    if "disk" in had and not _grows(had["disk"], wanted.get("disk", "")):
        fields.add("disk")
    return {field: had[field] for field in fields if field in had}


def _grows(had: str, wanted: str) -> bool:
    """Tell whether one size is larger than another; both are such as `16GiB`."""
    sizes = [text.removesuffix("GiB") for text in (had, wanted)]
    return all(size.isdigit() for size in sizes) and int(sizes[0]) < int(sizes[1])
