"""The SDK warns on import that there is a newer schema of dashboards. Grafana 10 and 11 do not read that one."""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import grafana_foundation_sdk.builders.dashboard
    import grafana_foundation_sdk.builders.stat
    import grafana_foundation_sdk.cog.plugins  # noqa: F401
