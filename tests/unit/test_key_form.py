"""Names pass and keys do not: both sides as tables. Model ids are real, hosts and deployments are
built as real ones are; the keys are real formats with made-up values."""

from __future__ import annotations

import random
import string
from pathlib import Path

import pytest

from chatproof.captures.entry import tokens_in
from chatproof.cli import main as cli
from chatproof.cli.output import WriteError
from chatproof.journal import JournalError
from chatproof.key_form import KEY, NAME, SHOWN, UNSURE, form, without
from chatproof.secrets import known_formats
from chatproof.secrets.key_check import looks_like_key
from chatproof.target.config_fields import Place, check
from chatproof.usage_error import UsageError

MODELS = """
gpt-4o gpt-4o-mini gpt-4o-mini-2024-07-18 gpt-4.1-nano-2025-04-14 gpt-5-mini gpt-5-chat-latest o1-preview o3-mini-2025-01-31
o4-mini-deep-research chatgpt-4o-latest gpt-4o-audio-preview-2024-12-17 gpt-4o-realtime-preview gpt-3.5-turbo-instruct-0914
gpt-oss-120b text-embedding-3-large whisper-1 dall-e-3 omni-moderation-2024-09-26 computer-use-preview codex-mini-latest
ft:gpt-4o-mini-2024-07-18:org::9xYz ft:gpt-4o-mini-2024-07-18:acme:support-bot:AbCd12Ef ft:gpt-3.5-turbo-0125:personal::9KqZ1xPw
ft:gpt-4o-2024-08-06:my-org:custom_suffix:7p4lURel:ckpt-step-90 ft:open-mistral-7b:587a6b29:20240514:7e773925
claude-3-5-sonnet-20241022 claude-3-7-sonnet-latest claude-opus-4-1-20250805 claude-haiku-4-5 claude-sonnet-4-20250514
us.anthropic.claude-3-5-sonnet-20241022-v2:0 eu.anthropic.claude-sonnet-4-20250514-v1:0 anthropic.claude-instant-v1:2:100k
apac.amazon.nova-lite-v1:0 amazon.titan-text-premier-v1:0 meta.llama3-1-405b-instruct-v1:0 mistral.mixtral-8x7b-instruct-v0:1
cohere.command-r-plus-v1:0 ai21.jamba-1-5-large-v1:0 us.deepseek.r1-v1:0 us.meta.llama4-maverick-17b-instruct-v1:0
arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-3-5-sonnet-20241022-v2:0
arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abc123def456
arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/4kx7q2m9z1ab
arn:aws:sagemaker:us-west-2:123456789012:endpoint/jumpstart-dft-hf-llm-mistral-7b-instruct
gemini-2.5-flash gemini-2.5-pro-preview-06-05 gemini-1.5-flash-8b-exp-0924 gemini-2.0-flash-thinking-exp-01-21 gemma-3n-e4b-it
models/gemini-2.5-pro publishers/google/models/gemini-2.5-flash tunedModels/my-model-abcd1234efgh
projects/my-project-123456/locations/us-central1/endpoints/1234567890123456789 google/gemini-2.5-flash-lite-preview-06-17
mistral-large-latest mistral-small-2503 open-mixtral-8x22b codestral-2501 ministral-8b-latest pixtral-large-2411 magistral-medium-2506
devstral-small-2507 open-mistral-nemo-2407 mistralai/Mistral-7B-Instruct-v0.3 mistralai/Mixtral-8x22B-Instruct-v0.1
mistralai/Mistral-Small-3.2-24B-Instruct-2506 qwen-max qwen-plus-2025-04-28 qwen-turbo-latest qwq-32b-preview qwen2.5-vl-72b-instruct
Qwen/Qwen2.5-Coder-32B-Instruct Qwen/Qwen3-235B-A22B-Instruct-2507-FP8 Qwen/Qwen3-Coder-480B-A35B-Instruct Qwen/QwQ-32B-AWQ
Qwen/Qwen2-VL-7B-Instruct-GPTQ-Int4 Qwen/Qwen3-30B-A3B-Thinking-2507 deepseek-chat deepseek-reasoner deepseek-ai/DeepSeek-V3-0324
deepseek-ai/DeepSeek-R1-Distill-Qwen-32B deepseek-ai/deepseek-coder-6.7b-instruct deepseek-ai/DeepSeek-Coder-V2-Lite-Instruct
deepseek-r1:70b-llama-distill-q4_K_M llama3.1:8b-instruct-q4_K_M qwen2.5-coder:32b-instruct-q5_K_M phi4-mini:3.8b-fp16
nomic-embed-text:v1.5 mxbai-embed-large:latest gemma3:27b-it-qat smollm2:1.7b-instruct-fp16 tinyllama:1.1b-chat-v1-q8_0
meta-llama/Meta-Llama-3.1-405B-Instruct-FP8 meta-llama/Llama-4-Scout-17B-16E-Instruct meta-llama/Llama-3.2-90B-Vision-Instruct-Turbo
meta-llama/llama-3.3-70b-instruct:free nvidia/Llama-3.1-Nemotron-70B-Instruct-HF nvidia/llama-3.3-nemotron-super-49b-v1
microsoft/Phi-3.5-mini-instruct microsoft/phi-4-multimodal-instruct microsoft/WizardLM-2-8x22B microsoft/DialoGPT-medium
google/gemma-2-27b-it google/flan-t5-xxl CohereForAI/c4ai-command-r-plus-08-2024 command-a-03-2025 command-r7b-12-2024
NousResearch/Hermes-3-Llama-3.1-405B NousResearch/Nous-Hermes-2-Mixtral-8x7B-DPO teknium/OpenHermes-2.5-Mistral-7B
HuggingFaceH4/zephyr-7b-beta HuggingFaceTB/SmolLM2-1.7B-Instruct sentence-transformers/all-MiniLM-L6-v2 BAAI/bge-large-en-v1.5
TheBloke/Llama-2-7B-Chat-GGUF bartowski/Meta-Llama-3.1-8B-Instruct-GGUF unsloth/Qwen2.5-7B-Instruct-bnb-4bit
lmstudio-community/DeepSeek-R1-0528-Qwen3-8B-GGUF mlx-community/Llama-3.2-3B-Instruct-4bit hugging-quants/Meta-Llama-3.1-70B-Instruct-AWQ-INT4
hf_internal_testing/tiny-random-LlamaForCausalLM hf-internal-testing/tiny-random-gpt2 EleutherAI/gpt-neox-20b bigscience/bloomz-7b1-mt
tiiuae/Falcon3-10B-Instruct 01-ai/Yi-1.5-34B-Chat-16K THUDM/glm-4-9b-chat-1m zai-org/GLM-4.5-Air-FP8 glm-4.5-airx moonshot-v1-128k
moonshotai/Kimi-K2-Instruct-0905 kimi-k2-turbo-preview MiniMaxAI/MiniMax-M1-80k MiniMax-Text-01 abab6.5s-chat baichuan4-turbo
ernie-4.5-turbo-128k hunyuan-turbos-latest doubao-1-5-pro-32k-250115 doubao-seed-1-6-thinking-250715 step-2-16k XiaomiMiMo/MiMo-V2.5-Pro
skt/A.X-3.1-Light LGAI-EXAONE/EXAONE-3.5-32B-Instruct upstage/SOLAR-10.7B-Instruct-v1.0 solar-pro2-250909 naver-hyperclovax/HyperCLOVAX-SEED-Text-Instruct-1.5B
grok-4-0709 grok-3-mini-fast-latest grok-code-fast-1 x-ai/grok-2-vision-1212 xai-grok-production-large xai-grok-4-fast-reasoning-2025
sonar-deep-research sonar-reasoning-pro perplexity/llama-3.1-sonar-large-128k-online pplx-70b-online-production pplx-7b-chat-alpha-large
openrouter/auto openai/gpt-4o-mini:online anthropic/claude-3.5-sonnet:beta cognitivecomputations/dolphin-mixtral-8x22b
accounts/fireworks/models/llama-v3p1-405b-instruct accounts/fireworks/models/qwen3-coder-480b-a35b-instruct
accounts/acme-ai/models/support-ft#accounts/acme-ai/deployments/7q2k9xw3 togethercomputer/m2-bert-80M-32k-retrieval
user@example.test/Meta-Llama-3.1-8B-Instruct-Reference-support-bot-30b975fd groq/llama-3.3-70b-versatile llama3-groq-70b-8192-tool-use-preview
cerebras/llama3.1-8b sambanova/Meta-Llama-3.2-3B-Instruct databricks-meta-llama-3-3-70b-instruct databricks-claude-3-7-sonnet
azure/gpt-4o-eastus2-prod azure_ai/Cohere-command-r-plus-08-2024 ibm/granite-3-8b-instruct ibm-granite/granite-3.1-8b-instruct
snowflake-arctic-instruct jamba-1.5-large-preview reka-core-20240501 writer/palmyra-x-004 inflection/inflection-3-productivity
voyage-code-3 jina-embeddings-v3 jina_embeddings_v2_base_en_int8_quantized rerank-multilingual-v3.0 cross-encoder/ms-marco-MiniLM-L-6-v2
liquid/lfm-40b stabilityai/stablelm-2-zephyr-1_6b lora:support-bot-v7@meta-llama/Llama-3.1-8B-Instruct sql-lora-adapter-2025-06-12
predibase/customer-support-lora/7 ag:8e2706f0:20240617:multi-cloud-agent:6a2e0f31 gsk-assistant-biomedical-large-2026
sk-telecom-ax-4-large-korean sk-hynix-internal-chat-2026 rk-production-gateway-model-2 hf_production_translation_model_2 pk-finance-classifier-2026-03
""".split()  # noqa: SIM905
OTHERS = """
xai-gateway-eu-prod.example gsk-team-gateway-2026 sk-gateway-staging-eu-west-1.internal.example hf_cache_models_production_2026
https://api.cometapi.com/v1 https://api.openai.com/v1 https://openrouter.ai/api/v1 https://api.fireworks.ai/inference/v1
https://my-openai-eastus2-prod.openai.azure.com/openai/deployments/gpt-4o-mini-2024-07-18 https://acme-7f3k2q.services.ai.azure.com/models
https://bedrock-runtime.us-east-1.amazonaws.com https://vpce-0a1b2c3d4e5f67890-ab12cd34.bedrock-runtime.us-east-1.vpce.amazonaws.com
https://aigw7k2m9xq4b1zt.us-east-1.aws.endpoints.huggingface.cloud/v1 https://x7k2m9qzb4c1.execute-api.us-east-1.amazonaws.com/prod/v1
https://k3j5h2g8d9s1a4q7w6e2r5t8y3u1i0op.lambda-url.us-east-1.on.aws/v1 https://gateway.ai.cloudflare.com/v1/9f2c4b7a1d3e5f60718293a4b5c6d7e8/prod/openai
https://abc123def456gh-8000.proxy.runpod.net/v1 https://api.runpod.ai/v2/k7x2m9qz4b1c8d/openai/v1 https://acme--vllm-serve.modal.run/v1
https://model-7q2k9xw3.api.baseten.co/environments/production/sync/v1 https://llm-7h3k2m9x1q-uc.a.run.app/v1
https://us-central1-aiplatform.googleapis.com/v1/projects/acme-prod-123456/locations/us-central1/endpoints/openapi
https://adb-1234567890123456.7.azuredatabricks.net/serving-endpoints https://1a2b-203-0-113-5.ngrok-free.app/v1
https://acme-git-main-8fjk2m3x9-team.vercel.app/api https://random-words-here-today.trycloudflare.com/v1 http://127.0.0.1:8000/v1
http://vllm-router-service.llm-serving.svc.cluster.local:8000/v1 http://ollama.default.svc:11434/v1 http://[::1]:1234/v1
http://litellm-proxy-7d9f8c6b5d-x2x4z.gateway.svc.cluster.local:4000 http://user-llm-gateway_main.internal:8080/openai/v1
vllm-llama3-70b-7d9f8c6b5d-x2x4z xai-router-7d9f8c6b5d-x2x4z api-server-5f6d8b9c7-k8s2p statefulset/llm-gateway-0 sk-router-6b7f9d5c8f-abcde
vllm/vllm-openai:v0.6.4.post1 ghcr.io/huggingface/text-generation-inference:3.0.1-rocm registry.internal/llm:sha-3f2b1c0 gateway:1.24.0-ge4c2f1a
gateway-image@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 build-20261128.4-3f2b1c0d feature/llm-gateway-3f2b1c0d9e
staging production eu-west-1-production-blue prod-us-east-1a preview-pr-1234 canary-2026-11-28T15-54-53Z review-app-1234-abcdef12
smoke-20260608-001 judge-20261128-155453-a1b2c3 latest:NO-GO@production/eu-west-1 validate-20261128-155453-0f9e8d chatproof/production-key
happy.message_content_non_empty auth.invalid_key.error_present request.unsupported_parameter stream.content_non_empty
captures/production-incident-2026-11-28.har ./reports/chatproof-20261128T155453Z.json /var/log/nginx/access-2026-11-28.log.1
reports/smoke_test_results_production_2026_11_28_final.json junit=build/test-results/chatproof/TEST-smoke.xml ~/.config/chatproof/config.toml
/home/runner/work/llm-gateway/llm-gateway/tests/captures/openai-chat-completions.har C:/Users/AdministratorAccount/captures.har
postgresql://chatproof@ep-cool-darkness-123456.us-east-2.aws.neon.tech/journal Authorization=env:GATEWAY_AUTHORIZATION_HEADER
OPENAI_API_KEY_PRODUCTION_EU_WEST_1 SK_LIVE_GATEWAY_KEY_2026 XAI_API_KEY CHATPROOF_PROXY 2026-11-28T15:54:53.123Z 4096
""".split()  # noqa: SIM905
NAMES = [*MODELS, *OTHERS]

LETTERS, DIGITS = string.ascii_letters, string.digits
B62, B64U, B64, B36, HEX = (
    LETTERS + DIGITS,
    LETTERS + DIGITS + "-_",
    LETTERS + DIGITS + "+/",
    string.ascii_lowercase + DIGITS,
    "0123456789abcdef",
)
FORMATS: dict[str, tuple[str | tuple[str, int], ...]] = {
    "OpenAI project": ("sk-proj-", (B64U, 74), "T3BlbkFJ", (B64U, 74)),
    "OpenAI user, old": ("sk-", (B62, 20), "T3BlbkFJ", (B62, 20)),
    "OpenAI service account": ("sk-svcacct-", (B64U, 110)),
    "OpenAI admin": ("sk-admin-", (B64U, 100)),
    "Anthropic": ("sk-ant-api03-", (B64U, 93), "AA"),
    "Anthropic OAuth": ("sk-ant-oat01-", (B64U, 93), "AA"),
    "Google": ("AIza", (B64U, 35)),
    "Google, new": ("AQ.Ab8RN6", (B64U, 45)),
    "Google OAuth": ("ya29.", (B64U, 120)),
    "Groq": ("gsk_", (B62, 52)),
    "xAI": ("xai-", (B62, 80)),
    "Hugging Face": ("hf_", (LETTERS, 34)),
    "Hugging Face organisation": ("api_org_", (LETTERS, 34)),
    "OpenRouter": ("sk-or-v1-", (HEX, 64)),
    "Replicate": ("r8_", (B62, 37)),
    "Perplexity": ("pplx-", (B62, 48)),
    "Azure OpenAI, old": ((HEX, 32),),
    "Azure OpenAI, new": ((B62, 52), "JQQJ99BJ", (B62, 24)),
    "AWS access key id": ("AKIA", (string.ascii_uppercase + "234567", 16)),
    "AWS secret access key": ((B64, 40),),
    "AWS Bedrock": ("ABSK", (B64, 124)),
    "AWS Bedrock, short-term": ("bedrock-api-key-", (B64, 200)),
    "Cohere": ((B62, 40),),
    "Mistral": ((B62, 32),),
    "Together": ((HEX, 64),),
    "Together, new": ("tgp_v1_", (B64U, 43)),
    "Fireworks": ("fw_", (B62, 24)),
    "Cerebras": ("csk-", (B36, 48)),
    "DeepSeek": ("sk-", (HEX, 32)),
    "DashScope": ("sk-", (HEX, 32)),
    "Moonshot": ("sk-", (B62, 48)),
    "CometAPI": ("sk-", (B62, 48)),
    "Zhipu": ((HEX, 32), ".", (B62, 16)),
    "NVIDIA": ("nvapi-", (B64U, 64)),
    "GitHub": ("ghp_", (B62, 36)),
    "GitHub, fine-grained": ("github_pat_", (B62, 22), "_", (B62, 59)),
    "GitLab": ("glpat-", (B64U, 20)),
    "Slack": ("xoxb-", (DIGITS, 12), "-", (DIGITS, 13), "-", (B62, 24)),
    "Databricks": ("dapi", (HEX, 32)),
    "JWT": ("eyJhbGciOiJIUzI1NiJ9.eyJ", (B64U, 60), ".", (B64U, 43)),
    "UUID (SambaNova, Scaleway, Ark)": ((HEX, 8), "-", (HEX, 4), "-", (HEX, 4), "-", (HEX, 4), "-", (HEX, 12)),
    "LiteLLM, first key": ("sk-", (DIGITS, 4)),
    "LiteLLM, virtual": ("sk-", (B64U, 22)),
    "AI21": ((B62, 32),),
    "Voyage": ("pa-", (B64U, 43)),
    "Jina": ("jina_", (HEX, 32), (B64U, 28)),
    "Upstage": ("up_", (B62, 32)),
    "Friendli": ("flp_", (B62, 48)),
    "DeepInfra": ((B62, 32),),
    "Novita": ("sk_", (B64U, 43)),
    "Anyscale": ("esecret_", (B36, 26)),
    "Cloudflare": ((B64U, 40),),
    "IBM Cloud": ((B64U, 44),),
    "Nebius": ("eyJhbGciOiJIUzI1NiIsImtpZCI6IlV6SXJWd1h0dnprLVRvdzlLZWstc0M1akptWXBvX1VaVkxUZlpnMDRlOFUiLCJ0eXAiOiJKV1QifQ.eyJ", (B64U, 90), ".", (B64U, 43)),
    "Portkey": ((B64, 27), "="),
    "Helicone": ("sk-helicone-", (B36, 7), "-", (B36, 7), "-", (B36, 7), "-", (B36, 7)),
    "LangSmith": ("lsv2_pt_", (HEX, 32), "_", (HEX, 10)),
    "Langfuse": ("sk-lf-", (HEX, 8), "-", (HEX, 4), "-", (HEX, 4), "-", (HEX, 4), "-", (HEX, 12)),
    "RunPod": ("rpa_", (string.ascii_uppercase + DIGITS, 40), (B36, 6)),
    "Vercel AI gateway": ("vck_", (B62, 56)),
    "Stripe-like": ("sk_live_", (B62, 24)),
    "SendGrid": ("SG.", (B64U, 22), ".", (B64U, 43)),
    "npm": ("npm_", (B62, 36)),
    "PyPI": ("pypi-AgEIcHlwaS5vcmc", (B64U, 120)),
    "Weights & Biases": ((HEX, 40),),
    "bare, 24 characters": ((B62, 24),),
    "Bearer": ("Bearer ", (B62, 32)),
}  # fmt: skip
ROUNDS = 40


def values(name: str) -> list[str]:
    """Made-up keys of a format, the same at each run."""
    chance = random.Random(name)
    return [
        "".join(
            part if isinstance(part, str) else "".join(chance.choices(part[0], k=part[1])) for part in FORMATS[name]
        )
        for _ in range(ROUNDS)
    ]


def test_both_tables_are_large() -> None:
    assert len(set(MODELS)) >= 170 and len(set(NAMES)) >= 240 and len(FORMATS) >= 60


def test_no_name_is_taken_for_a_key() -> None:
    assert [name for name in NAMES if form(name) == KEY or looks_like_key(name, alone=True)] == []
    for option in ("--model", "--environment", "--report", "--profile"):
        cli.refuse_keys(["smoke", *NAMES, *(f"{option}={name}" for name in NAMES)])


@pytest.mark.parametrize("name", FORMATS)
def test_no_key_is_taken_for_a_name(name: str) -> None:
    made = values(name)
    missed = [key for key in made if not looks_like_key(key, alone=True)]
    assert len(missed) <= (name == "Portkey"), missed  # of a short key, slashes may leave short words only
    for key in made:
        assert key in missed or key not in without(f"there is no target {key!r}")
        assert key in missed or (refused(["smoke", key]) and refused(["smoke", f"--environment={key}"]))


def refused(argv: list[str]) -> bool:
    try:
        cli.refuse_keys(argv)
    except UsageError as error:
        return "looks like a key" in error.detail
    return False


def test_what_is_both_is_decided_by_its_place(tmp_path: Path) -> None:
    for value in (
        "0b7e9c1d-3f2a-4c5b-8d6e-1a2b3c4d5e6f",
        "9f86d081884c7d659a2feaa0c55ad015",
        "a" * 7 + "1" + "b2c3d4e5" * 4,
    ):
        assert form(value) == UNSURE
        assert refused([value]) and refused(["--environment", value]) and refused([f"--profile={value}"])
        assert not refused(["--model", value]) and not refused([f"--model={value}"]) and not refused(["--check", value])
        assert not refused([f"https://gateway.test/v1/{value}/openai"]) and not refused([f"app@sha256:{value}"])
        assert value not in str(UsageError("usage", f"cannot read captures/{value}.har"))
        assert refused([f"{value}"])
        (tmp_path / value).write_text("")
        assert not refused([str(tmp_path / value)])


def test_a_folder_that_is_there_is_shown(tmp_path: Path) -> None:
    random_name = values("Mistral")[0]
    (tmp_path / random_name).mkdir()
    path = f"{tmp_path}/{random_name}/nothing.har"
    assert not refused([path]) and path in str(UsageError("usage", f"cannot read {path}: No such file"))
    other = f"{tmp_path}/{random_name[::-1]}/nothing.har"
    assert refused([other]) and random_name[::-1] not in str(UsageError("usage", f"cannot read {other}: No such file"))


@pytest.mark.parametrize("error", [UsageError, JournalError])
def test_no_error_repeats_a_key(error: type[UsageError] | type[JournalError]) -> None:
    for name in FORMATS:
        for key in values(name)[:3]:
            for said in (f"no {key!r}", f'"{key[:40]}"', f"/x/{key}/y", f"--to={key}", f"cannot read {key}: not there"):
                made = error("usage", said, f"see {key}")
                words = f"{made} {made.detail} {made.advice} {made.args}"
                assert key not in words and (len(key) < 24 or key[:24] not in words), (name, words)
                assert SHOWN in words


def test_no_write_error_repeats_a_key() -> None:
    assert values("Mistral")[0] not in str(WriteError(f"cannot write {values('Mistral')[0]}.json: denied"))
    assert "reports/2026-11-28-production.json" in str(
        WriteError("cannot write reports/2026-11-28-production.json: full")
    )


def test_an_error_repeats_names() -> None:
    for name in NAMES:
        if form(name) == NAME:
            assert name in str(UsageError("usage", f"there is no target {name!r}"))


def test_a_configuration_takes_names_and_no_keys() -> None:
    place = Place("chatproof.toml", "")
    for name in MODELS:
        check({"targets": {"a": {"model": name, "environment": name}}}, place)
    check({"targets": {"a": {"model": "0b7e9c1d-3f2a-4c5b-8d6e-1a2b3c4d5e6f"}}}, place)
    for name in FORMATS:
        with pytest.raises(UsageError, match="a key does not belong in a file") as told:
            check({"targets": {"a": {"environment": values(name)[0]}}}, place)
        assert values(name)[0] not in str(told.value)


def test_names_in_replies_are_no_secrets_of_others() -> None:
    text = "\n".join(NAMES)
    assert known_formats.without(text) == text and [*tokens_in(text.encode())] == []
    for name in (
        "OpenAI project",
        "Anthropic",
        "Groq",
        "xAI",
        "Hugging Face",
        "OpenRouter",
        "DeepSeek",
        "GitHub",
        "npm",
    ):
        for key in values(name):
            assert key not in known_formats.without(f"bad key {key}.")


def test_chance_is_told_from_words_at_length() -> None:
    """Random texts without a prefix: how many of 500 of each kind pass for a name."""
    passed = {}
    chance = random.Random(7)
    for alphabet, length in ((B62, 24), (B62, 32), (B36, 32), (LETTERS, 32), (B64U, 40), (B64, 48)):
        made = ["".join(chance.choices(alphabet, k=length)) for _ in range(500)]
        passed[len(alphabet), length] = sum(form(text) == NAME for text in made)
    assert all(count <= 5 for count in passed.values()), passed
