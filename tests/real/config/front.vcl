vcl 4.1;
# One path for each upstream that a Varnish in front of an API is seen with. debian_fronts.py fills the placeholders in.
backend api { .host = "127.0.0.1"; .port = "@AIMOCK@"; .connect_timeout = 1s; .first_byte_timeout = 2s; .between_bytes_timeout = 2s; }
backend dead { .host = "127.0.0.1"; .port = "@DEAD@"; .connect_timeout = 1s; }
backend slow { .host = "127.0.0.1"; .port = "@SLOW@"; .connect_timeout = 1s; .first_byte_timeout = 1s; }
backend closing { .host = "127.0.0.1"; .port = "@CLOSING@"; }
backend half { .host = "127.0.0.1"; .port = "@HALF@"; }
backend banner { .host = "127.0.0.1"; .port = "@BANNER@"; }
sub vcl_recv {
    if (req.url ~ "^/deny/") { return (synth(403, "Forbidden")); }
    if (req.url ~ "^/drop/") { return (fail); }
    set req.http.X-Place = regsub(req.url, "^/([a-z]+)/.*", "\1");
    set req.url = regsub(req.url, "^/[a-z]+/", "/");
    set req.backend_hint = api;
    if (req.http.X-Place == "dead") { set req.backend_hint = dead; }
    if (req.http.X-Place == "slow") { set req.backend_hint = slow; }
    if (req.http.X-Place == "closing") { set req.backend_hint = closing; }
    if (req.http.X-Place == "half") { set req.backend_hint = half; }
    if (req.http.X-Place == "banner") { set req.backend_hint = banner; }
    if (req.http.X-Place == "stripping") { unset req.http.Authorization; }
    return (pass);
}
sub vcl_backend_response {
    if (bereq.http.X-Place == "buffering") { set beresp.do_stream = false; }
}
