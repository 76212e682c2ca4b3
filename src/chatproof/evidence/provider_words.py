"""The words and codes of providers' errors, and the class that each stands for: what `provider_error.classify` looks up.

Classes: quota, region, organization, retired, model, context, parameter, form, filtered, header, auth, permission,
upstream, rate, path, request, server; by status alone also proxy and timeout.
"""

UNVERIFIED = "organization must be verified to"
"""OpenAI's, under a code of a value that the model does not take: what to do stands in the words."""
RETIRED = (
    "has been decommissioned",
    "has been deprecated",
    "been retired",
    "no longer supported",
    "no longer available",
)
# Class of an error by words of the message, lower case. First hit wins.
WORDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("retired", RETIRED),
    ("permission", ("your data policy", "guardrail restrictions")),  # OpenRouter: settings of the account
    ("permission", (UNVERIFIED,)),
    ("parameter", ("no endpoints found that",)),  # OpenRouter: none of the model's does what was asked for
    ("rate", ("rate limit reached",)),  # Groq, OpenAI: with an offer to raise it, which names billing
    (
        "model",
        (
            "no available channel",
            "no provider available",
            "no providers available",
            "无可用渠道",
            "try pulling it first",
            "does not exist or you do not have access",
            "no configured provider serves",
            "deployment for this resource does not exist",  # Azure
            "does not work with the specified model",  # Azure: a model of another kind
            "on-demand throughput isn",  # Bedrock: the id of an inference profile is wanted
            "no endpoints found",
            "cached snapshot folder",  # huggingface_hub, behind MLX and transformers
            "non-serverless model",
            "repository not found",
            "no models loaded",  # LM Studio
            "model disabled",  # SiliconFlow
            "no model loaded",
            "no model is loaded",
            "model is not loaded",  # Jan
            "engine is not loaded",
            "not found for account",  # NVIDIA
        ),
    ),
    (
        "quota",
        (
            "insufficient balance",
            "insufficient credit",
            "exceeded your current quota",
            "specified api usage limits",  # Anthropic, of an account's own limit of spending
            "key limit exceeded",
            "usage limit exceeded",
            "credit balance",
            "额度已用尽",
            "quota exhausted",
            "quota is exhausted",
            "quota is not enough",
            "out of call volume quota",  # Azure API Management
            "out of credit",
            "billing",
            "payment method",
            "trial has ended",
            "trial has expired",
            "exceeded budget",  # LiteLLM, of a provider, a deployment or a key
            "crossed budget",
            "budget has been exceeded",
            "over budget",
            "spending limit",
            "requires more credits",  # OpenRouter
            "more credits are required",
            "can only afford",
            "spend limit",
            "monthly limit",
            "insufficient fund",
            "insufficient quota",
            "not enough credit",
            "have enough credit",
            "no credits",
            "have any credits",  # xAI
            "balance is insufficient",  # SiliconFlow
            "insufficient account balance",
            "balance is not enough",
            "overdue balance",
            "not enough balance",  # Novita
            "used up your daily free allocation",  # Cloudflare
            "余额",
            "欠费",
        ),
    ),
    (
        "region",
        (
            "location is not supported",
            "country, region, or territory",
            "not available in your ",  # region, country
        ),
    ),
    ("organization", ("openai-organization header", "openai-project header", "mismatched organization")),
    (
        "header",
        (
            "didn't provide an api key",
            "missing subscription key",  # Azure's API Management
            "did not provide an api key",
            "no auth credentials",
            "missing authentication header",  # OpenRouter
            "未提供令牌",
            "missing or invalid authorization header",
            "auth header format",
            "no api key",
            "missing api key",
            "missing authorization",
            "missing required authentication",  # Google: no credentials came
            "未收到authorization",  # Zhipu
            "(missing equal-sign) in authorization header",  # AWS: it wants a signature, and got a key
            "missing bearer",  # OpenAI: no Authorization header came
            "authorization header is missing",
            "authorization header missing",
            "newline or carriage return detected in headers",
            "api key is required",
            "authentication required",
        ),
    ),
    (
        "auth",
        (
            "incorrect api key",
            "invalid api key",
            "invalid token",
            "api key not valid",
            "无效的令牌",
            "invalid or revoked api key",
            "authentication fails",
            "invalid subscription key",
            "access token invalid",  # Baidu
            "login fail: please carry the api secret key",  # MiniMax
            "cannot be verified: fail to retrieve credential",  # Spark
            "invalid x-api-key",
            "invalid credentials",
            "token has expired",
            "该令牌额度",
            "该令牌已过期",
            "该令牌状态",
            "invalid username or password",
            "invalid api-key",
            "api key expired",
            "api key is invalid",
            "authentication error",
            "unauthorized",
            "invalid bearer",
            "invalid authentication",
            "no connected db",
        ),
    ),
    (
        "permission",
        (
            "no access to model",
            "does not have access",
            "not allowed to access",
            "access denied due to",  # Azure's firewall rules
            "ssl is required",  # Azure
            "permission denied",
            "only authorized for use with",  # Anthropic, of a token of its own programs
            "permission is required",
            "permission required",
            "denied on resource",  # Google's clouds
            "lacks permission",
            "lack permission",
            "does not have permission",
            "do not have permission",
            "requires the permission",
            "not authorized to",
            "missing scopes",
            "insufficient scope",
            "insufficient permissions",
            "ip not allowed",
            "not in the allowed",
            "无权访问",
        ),
    ),
    (
        "context",
        (
            "context length",
            "context window",
            "context size",  # llama.cpp, as the next
            "context shift is disabled",
            "prompt is too long",
            "prompt too long",
            "input is too long",
            "input token count",  # Gemini
            "max_new_tokens` must be",  # TGI
            "tokens must be <=",
            "too many input tokens",
            "maximum number of tokens",
            "reduce the length of the",
            "token limit exceeded",
            "tokens_limits_reached",  # GitHub Models
            "tokens exceed n_ctx",  # llama-box
            "maximum sequence length",
            "exceeded model token limit",  # Moonshot
            "(prompt and prediction) cannot exceed",  # Cohere
            "too large to process",  # llama.cpp, of embeddings
            "must be at least 1, got -",  # vLLM: the prompt alone is longer than the context
        ),
    ),
    (
        "form",  # the request's form, whatever the status says
        (
            "failed to deserialize the json body",  # axum
            "invalid json payload received",  # Google
            'unknown name "',
            "input should be a valid",  # pydantic
            "validation error",
            "could not parse the json body",
            "error parsing the body",  # FastAPI
            "what was sent was not valid json",
            "is not of type",  # jsonschema
            "raise_exception(",  # llama.cpp shows the line of the model's chat template that refuses the messages
            "jinja exception",
            "prompt with jinja template",  # LM Studio
            "roles must alternate",
            "invalid params",  # MiniMax
            "invalid schema for ",  # OpenAI, of a response_format or a function
            "must be followed by tool messages",  # of a conversation whose calls and results do not fit
            "must be a response to a preceding message with 'tool_calls'",
            "must be a response to a preceeding message with 'tool_calls'",
            "no tool output found for function call",
            "no tool call found for function call output",
            "tool_use` ids were found without `tool_result`",
            "unexpected `tool_use_id` found",
        ),
    ),
    (
        "parameter",
        (
            "unsupported value",
            "unsupported parameter",
            "is not supported with this model",
            "unrecognized request argument",
            "extra inputs are not permitted",
            "max_tokens is too large",
            "does not support tools",  # Ollama
            "does not support thinking",
            "does not support function calling",
        ),
    ),
    (
        "filtered",
        (
            "content management policy",
            "content filter",
            "inappropriate content",  # Alibaba Cloud
            "may contain sensitive information",  # Volcano Engine
            "敏感内容",  # Zhipu
            "input new_sensitive",  # MiniMax, as the next
            "output new_sensitive",
            "considered high risk",  # Moonshot
            "rejected as a result of our safety system",  # OpenAI
        ),
    ),
    (
        "upstream",  # a gateway tells that it cannot reach what is behind it
        (
            "no models available traceback",  # LiteLLM's router, before its own traceback: every deployment failed lately
            "application failed to respond",  # Railway
            "fastly error: unknown domain",
            "could not be resolved (",  # nginx, of the service behind it
            "err_ngrok_3200",  # ngrok: the tunnel's other end is not there
            "econnrefused",
            "econnreset",
            "enotfound",
            "etimedout",
            "connection refused",
            "connection error",
            "connect error",
            "connection reset",
            "fetch failed",
            "socket hang up",
            "dial tcp",
            "no such host",
            "curl error ",  # a gateway in PHP
            "could not resolve host",
            "name or service not known",
            "do request failed",
            "http request to provider",  # Bifrost
            "no active credentials",  # 9router: decolua/9router#710
            "no auth available",  # CLIProxyAPI: it has no credentials of its own for the upstream
            "upstream protocol",
            "upstream provider",
            "upstream service",
            "upstream error",
            "upstream status",
            "upstream responded",
            "upstream connect",
            "upstream request",
            "upstream returned",
            "error from provider(",  # claude-code-router
            "stream disconnected before completion",  # CLIProxyAPI and others, of their own upstream, as Codex says it
            "stream closed before response.completed",
            "upstream server",
            "upstream timed out",  # nginx's log
            "upstream prematurely closed",
            "no live upstreams",
            "while connecting to upstream",
            "header from upstream",
            "unable to reach the origin",  # cloudflared
            "attempt to connect to",  # Apache's log
            "failed to make connection to backend",
            "is down, reason: layer",  # HAProxy's
            "upstream is unavailable",
            "cooldown_list",  # LiteLLM's router has put its upstreams aside
            "no deployments available",
            "no healthy",
            "no available server",
            "no available upstream",
            "all providers failed",
            "all backends",
            "backend is unavailable",
            "unable to connect",
            "could not connect",
            "failed to connect",
            "error communicating with",
        ),
    ),
    (
        "rate",
        (
            "rate limit",
            "too many requests",
            "请求过于频繁",
            "slow down",
            "rate_limit",
            "request limit reached",  # Baidu
            "exceeds the service quota",  # AWS: one that it raises on request
            "hit your usage limit",  # ChatGPT's plans, as Codex shows them: it tells when the time is over
            "usage limit has been reached",
        ),
    ),
    (
        "path",
        (
            "invalid url (",
            "unexpected endpoint or method",
            "unknown request url",
            "no route matched",
            "cannot post",
            "api is not enabled",  # Azure: "… Responses API is not enabled in this region"
            "page not found",
        ),
    ),
    (
        "server",
        (
            "overloaded",
            "experiencing high demand",  # Google
            "internal server error",
            "panic detected, error: ",  # one-api, new-api
            "you can retry your request",  # OpenAI
            "model runner has",  # Ollama
            "runner process",
            "currently loading",  # Hugging Face
            "loading model",  # llama.cpp
            "server is busy",
            "temporarily unavailable",
            "bad gateway",
            "try again later",
        ),
    ),
)

OTHER_KIND = (
    "not a chat model",
    "not support embedding",  # vLLM, Ollama
    "only supported in v1/responses",
    "not accessible via the",  # GitHub Copilot: … /chat/completions endpoint
)
"""A model that is there, and is no model of this API."""
ABOUT = ("model", "模型")
ABSENT = (
    "not found",
    "not_found",
    "not exist",
    "doesn't exist",
    "no such",
    "不存在",
    "unknown model",
    "invalid model",
    "model identifier is invalid",
    "not a valid model",
    "not available for",
    *OTHER_KIND,
)
