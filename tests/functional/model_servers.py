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
LLAMACPP = {
    "/props": plain_json(
        {
            "default_generation_settings": {"id": 0, "n_ctx": 8192, "is_processing": False},
            "total_slots": 2,
            "model_path": "/models/qwen2.5-7b-q4_k_m.gguf",
        }
    ),
    "/v1/models": plain_json(
        {
            "data": [
                {
                    "id": "/models/qwen2.5-7b-q4_k_m.gguf",
                    "owned_by": "llamacpp",
                    "meta": {"n_ctx_train": 32768, "n_params": 7_615_616_512, "size": 4_677_120_000},
                }
            ]
        }
    ),
}
VLLM = {
    "/v1/models": plain_json({"data": [{"id": "Qwen/Qwen2.5-7B-Instruct", "owned_by": "vllm", "max_model_len": 32768}]})
}
LOADING: Reply = plain_json({"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}, 503)
