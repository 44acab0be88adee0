from __future__ import annotations

from hypothesis import settings

# A slow machine is no failure: properties are about answers, not about times.
settings.register_profile("nopal", deadline=None)
settings.load_profile("nopal")
