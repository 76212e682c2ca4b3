"""Whose certificate it is, by the names in it: products that inspect TLS, stand-ins for a real certificate.

The names are what the other side says of itself: they tell a person where to look, and prove nothing.
"""

_INSPECTING = (
    # A firewall, proxy or virus scanner that opens TLS signs with an authority that carries its name.
    "zscaler",
    "netskope",
    "palo alto",
    "fortinet",
    "fortigate",
    "blue coat",
    "bluecoat",
    "mcafee web gateway",
    "skyhigh",
    "cisco umbrella",
    "sophos",
    "check point",
    "forcepoint",
    "websense",
    "barracuda",
    "watchguard",
    "smoothwall",
    "iboss",
    "securly",
    "goguardian",
    "kaspersky",
    "avast",
    "avg web",
    "eset ssl filter",
    "bitdefender",
    "adguard",
    "gateway ca - cloudflare",
    "mitmproxy",
    "charles proxy",
    "do_not_trust_fiddlerroot",
    "portswigger",
    "proxyman",
)
_STANDING_IN = (
    ("kubernetes ingress controller fake certificate", "ingress-nginx (Kubernetes)"),
    ("traefik default cert", "Traefik"),
    ("cloudflare origin", "Cloudflare for the connection from Cloudflare to the server"),
    ("caddy local authority", "Caddy's own local authority"),
    ("mkcert", "mkcert, a tool for development"),
    ("minikubeca", "minikube"),
    ("fake le ", "Let's Encrypt's staging service"),
    ("(staging)", "Let's Encrypt's staging service"),
    ("plesk", "Plesk"),
)


def of_issuer(issuer: str) -> str:
    """What the issuer's name tells, as a phrase in our own words; empty when it tells nothing."""
    lowered = issuer.lower()
    if any(name in lowered for name in _INSPECTING):
        return "its issuer is a product that inspects TLS on the way"
    standing_in = next((said for name, said in _STANDING_IN if name in lowered), "")
    return f"it is a stand-in certificate, of {standing_in}" if standing_in else ""
