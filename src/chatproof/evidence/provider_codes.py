"""The codes of errors of providers, and the class that each is of. `provider_words` has the classes and the words."""

# Class of an error by its `code`, `type` or `status` word. First hit wins, so the more specific stands higher.
CODES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "quota",
        (
            "insufficient_quota",
            "insufficient_user_quota",
            "pre_consume_token_quota_failed",
            "billing_hard_limit_reached",
            "billing_not_active",
            "insufficient_balance",
            "insufficient_credits",
            "payment_required",
            "quota_exceeded",
            "budget_exceeded",
            "arrearage",  # Alibaba Cloud
            "account_overdue_error",  # Volcano Engine, as the next
            "set_limit_exceeded",
            "insufficient_funds",
            "credits_exhausted",
            "out_of_credits",
        ),
    ),
    ("region", ("unsupported_country_region_territory", "request_forbidden", "region_not_supported")),
    ("organization", ("mismatched_organization", "mismatched_project", "invalid_organization")),
    ("retired", ("model_decommissioned", "model_deprecated", "model_retired")),
    (
        "model",
        (
            "model_not_found",
            "model_not_available",
            "model_not_supported",
            "invalid_model",
            "unknown_model",
            "unavailable_model",  # GitHub
            "deploymentnotfound",
            "model_unavailable",
        ),
    ),
    ("context", ("context_length_exceeded", "string_above_max_length", "request_too_large")),
    ("parameter", ("unsupported_parameter", "unsupported_value", "unknown_parameter")),
    (
        "filtered",
        (
            "content_filter",
            "content_policy_violation",
            "responsibleaipolicyviolation",
            "data_inspection_failed",  # Alibaba Cloud
            "sensitive_content_detected",  # Volcano Engine, as the next two
            "input_text_sensitive_content_detected",
            "output_text_sensitive_content_detected",
            "censorship_blocked",  # StepFun
            "moderation_blocked",
        ),
    ),
    ("server", ("server_overloaded", "engine_overloaded")),  # under 429, and no limit of the caller's
    ("header", ("missing_api_key", "no_api_key", "missing_authorization", "no_authorization")),
    (
        "auth",
        (
            "invalid_api_key",
            "incorrect_api_key",
            "invalid_authentication",
            "authentication_error",
            "auth_error",
            "authenticationerror",
            "token_not_found_in_db",
            "invalid_token",
            "api_key_invalid",
            "invalid_key",
            "expired_key",
            "token_expired",
            "account_deactivated",
            "no_db_connection",
        ),
    ),
    (
        "upstream",
        (
            "do_request_failed",
            "upstream_unreachable",
            "upstream_connection_error",
            "provider_unavailable",
            "auth_unavailable",
            "call_upstream_bad_response",
            "cf_bad_gateway",  # OpenAI's, of what stands before its API: stanfordnlp/dspy#203
            "cf_service_unavailable",
        ),
    ),
    (
        "permission",
        (
            "permission_denied",
            "permission_error",
            "access_denied",
            "insufficient_permissions",
            "access_terminated_error",
        ),
    ),
    (
        "rate",
        (
            "rate_limit_exceeded",
            "rate_limit_error",
            "rate_limited",
            "usage_limit_reached",
            "too_many_requests",
            "tokens",
            "requests",
            "resource_exhausted",
        ),
    ),
    ("path", ("unknown_url", "not_found_error_route", "route_not_found")),
)

# Words that say little: new-api and Ollama put them on every error. They count only after the message's words.
GENERIC: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "request",
        (
            "invalid_request",
            "invalid_argument",
            "bad_request",
            "previous_response_not_found",
            "convert_request_failed",
            "validation_error",
            "invalid_type",
        ),
    ),
    # Azure and GitHub put it on whatever they refuse: the message's words are believed first.
    ("auth", ("unauthorized", "unauthenticated")),
    (
        "upstream",
        (
            "upstream_error",
            "upstream_decode_error",
            "bad_response_body",
            "bad_response_status_code",
            "bad gateway",
            "bad_gateway",
        ),
    ),
    (
        "server",
        (
            "server_error",
            "internal_error",
            "internal_server_error",
            "overloaded_error",
            "api_error",
            "service_unavailable",
            "engine_overloaded_error",
        ),
    ),
)

BY_STATUS = {401: "auth", 402: "quota", 403: "permission", 404: "path", 405: "path", 407: "proxy", 408: "timeout"}
BY_STATUS |= {410: "retired", 429: "rate", 504: "timeout", 524: "timeout"}

FIRST = ("quota", "region", "organization", "retired")  # classes whose codes outrank the rule on models
