"""The monitor's HTTP side: /metrics and /probe, pages, and what keeps strangers out."""
