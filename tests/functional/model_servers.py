"""What the model servers of a machine answer when they are asked what they have, as the real ones write it."""

from __future__ import annotations

from loopback import Reply, plain_json

OLLAMA = {
    "/api/tags": plain_json(
        {
            "models": [
                {
                    "name": "qwen2.5:7b",
                    "size": 4_683_087_332,
                    "details": {"family": "qwen2", "parameter_size": "7.6B", "quantization_level": "Q4_K_M"},
                },
                {"name": "llama3.2:1b", "size": 1_321_098_329, "details": {"parameter_size": "1.2B"}},
                {"name": "nomic-embed-text:latest", "size": 274_302_450, "details": {}},
                {"name": "long:8b", "size": 5_000_000_000, "details": None},
            ]
        }
    ),
    "/api/ps": plain_json({"models": [{"name": "llama3.2:1b", "context_length": 4096}]}),
    "/api/show qwen2.5:7b": plain_json(
        {
            "capabilities": ["completion", "tools"],
            "parameters": 'stop                           "<|im_end|>"',
            "model_info": {"general.architecture": "qwen2", "qwen2.context_length": 32768},
        }
    ),
    "/api/show llama3.2:1b": plain_json(
        {"model_info": {"general.architecture": "llama", "llama.context_length": 131072}}
    ),
    "/api/show nomic-embed-text:latest": plain_json({"capabilities": ["embedding"], "model_info": {}}),
    "/api/show long:8b": plain_json({"capabilities": ["completion"], "parameters": "num_ctx                 16384"}),
}
LMSTUDIO = {
    "/api/v1/models": plain_json(
        {
            "models": [
                {
                    "type": "llm",
                    "key": "qwen/qwen3-4b",
                    "quantization": {"name": "Q4_K_M", "bits_per_weight": 4},
                    "size_bytes": 2_497_280_256,
                    "params_string": "4B",
                    "loaded_instances": [],
                    "max_context_length": 32768,
                },
                {
                    "type": "llm",
                    "key": "google/gemma-3-12b",
                    "size_bytes": 8_150_000_000,
                    "loaded_instances": [{"id": "google/gemma-3-12b", "config": {"context_length": 8192}}],
                    "max_context_length": 131072,
                },
                {"type": "embedding", "key": "nomic", "size_bytes": 1, "loaded_instances": []},
            ]
        }
    )
}
OLD_LMSTUDIO = {
    "/api/v1/models": plain_json({"error": "Unexpected endpoint or method. (GET /api/v1/models)"}),
    "/api/v0/models": plain_json(
        {
            "object": "list",
            "data": [
                {"id": "m-7b", "type": "llm", "arch": "llama", "state": "not-loaded", "max_context_length": 32768},
                {
                    "id": "m-1b",
                    "type": "vlm",
                    "state": "loaded",
                    "max_context_length": 131072,
                    "loaded_context_length": 4096,
                },
                {"id": "embed", "type": "embeddings", "state": "not-loaded", "max_context_length": 2048},
            ],
        }
    ),
}
NOT_LLAMACPPS: Reply = plain_json({"error": {"message": "File Not Found", "type": "not_found_error", "code": 404}}, 404)
_META = {"vocab_type": 2, "n_vocab": 151_936, "n_ctx_train": 32768, "n_embd": 3584, "n_params": 7_615_616_512}
_META |= {"size": 4_677_120_000, "ftype": "Q4_K - Medium"}
_NAME = "qwen2.5-7b-q4_k_m.gguf"


def _listed(name: str, **more: object) -> dict[str, object]:
    """One model as llama.cpp lists it in /v1/models."""
    return {"id": name, "aliases": [name], "tags": [], "object": "model", "owned_by": "llamacpp", **more}


def _props(**more: object) -> Reply:
    """/props of a llama.cpp that has its model, without the many settings of sampling."""
    settings = {"params": {"temperature": 0.8, "n_predict": -1, "reasoning_format": "none"}, "n_ctx": 8192}
    about = {"default_generation_settings": settings, "total_slots": 2, "model_alias": _NAME, "endpoint_slots": True}
    return plain_json(
        {**about, "model_path": f"/models/{_NAME}", "is_sleeping": False, "build_info": "b1-0c1e570", **more}
    )


LLAMACPP = {
    "/props": _props(),
    "/v1/models": plain_json(
        {
            "models": [
                {"name": _NAME, "model": _NAME, "size": "", "details": {"format": "gguf", "parameter_size": ""}}
            ],
            "object": "list",
            "data": [_listed(_NAME, created=1_795_245_017, meta={**_META, "n_ctx": 8192})],
        }
    ),
    "/api/tags": NOT_LLAMACPPS,
}
OLD_LLAMACPP = {  # the name was a path, and the list had no window
    "/props": plain_json(
        {
            "default_generation_settings": {"id": 0, "n_ctx": 8192, "is_processing": False},
            "total_slots": 2,
            "model_path": f"/models/{_NAME}",
        }
    ),
    "/v1/models": plain_json({"data": [{"id": f"/models/{_NAME}", "owned_by": "llamacpp", "meta": _META}]}),
}
LLAMACPP_ROUTER = {
    "/props": plain_json(
        {
            "role": "router",
            "max_instances": 4,
            "models_autoload": True,
            "model_alias": "llama-server",
            "model_path": "none",
            "default_generation_settings": {"params": None, "n_ctx": 0},
        }
    ),
    "/props?model=alpha&autoload=false": _props(total_slots=3),
    "/v1/models": plain_json(
        {
            "data": [
                _listed("beta", status={"value": "loading", "args": []}, source="models_dir"),
                _listed("alpha", status={"value": "loaded", "args": []}, meta={**_META, "n_ctx": 2048}),
            ],
            "object": "list",
        }
    ),
}
VLLM = {
    "/v1/models": plain_json({"data": [{"id": "Qwen/Qwen2.5-7B-Instruct", "owned_by": "vllm", "max_model_len": 32768}]})
}
LOADING: Reply = plain_json({"error": {"message": "Loading model", "type": "unavailable_error", "code": 503}}, 503)
