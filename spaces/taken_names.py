"""Names that generated source cannot use, made from the classes by `make reference`."""

from __future__ import annotations

MODULE = """
    T_destination add_module apply bfloat16 buffers call_super_init children compile cpu cuda double
    dump_patches eval extra_repr float forward get_buffer get_extra_state get_parameter get_submodule half
    ipu load_state_dict modules mtia named_buffers named_children named_modules named_parameters
    parameters register_backward_hook register_buffer register_forward_hook register_forward_pre_hook
    register_full_backward_hook register_full_backward_pre_hook register_load_state_dict_post_hook
    register_load_state_dict_pre_hook register_module register_parameter register_state_dict_post_hook
    register_state_dict_pre_hook requires_grad_ set_extra_state set_submodule share_memory state_dict to
    to_empty train training type xpu zero_grad
"""
"""Attributes of `torch.nn.Module`."""

REBUILT = """
    adapted add_submodule check_input_constraints code delete_all_unused_submodules delete_submodule
    equality_constraints finalize flat_args_adapter graph graph_module graph_signature input_placeholders
    ivals meta module_call_graph print_readable process_forward_inputs range_constraints recompile
    shape_env to_folder type_name validate_inputs
"""
"""Attributes that the modules have besides, as which FX and `torch.export` rebuild one."""

HELPERS = """
    BlurPool ChannelLayerNorm Deformable DropPath GDN GroupConv MaskedConv ModulatedDeformable
    Reparameterise Scale attend avg_pool3d between_pixels biased channel_shuffle context_pool fans he
    lay_out lecun max_unpool points truncated xavier zero
"""
"""What `codegen.runtime` defines."""
