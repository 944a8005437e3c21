"""Which tests are `thorough`: `.ci/run` runs them after the usual ones, which take at most five minutes on two cores.

Most of the time of tests is that of compiling, so what stays usual is one of each idea: the laws, a model of each family,
the golden hashes, a dozen random networks, the tables of mistakes, extensions, and smoke tests of pictures, pages and the
command line.
"""

# the beginning of the names of tests -> parts of the names of those in it that stay usual
THOROUGH: dict[str, tuple[str, ...]] = {
    "brainsim/ann/report/reservoirs.py": (),
    "tests/ann/test_compare.py::test_accuracies": (),
    "tests/ann/test_compare.py::test_pictures": (),
    "tests/ann/test_compare.py::test_times_are_from_the_stimulus_on": (),
    "tests/ann/test_convert.py::test_digits_of_mnist": (),
    "tests/ann/test_convert.py::test_the_engine_sends_the_same_spikes": (),
    "tests/ann/test_rnn.py::test_gradients_equal_differences": (),
    "tests/build/test_memory.py::test_a_synapse_that_learns_takes_twelve_bytes_besides_segments": (),
    "tests/build/test_memory.py::test_bytes_of_a_target_are_those_of_the_store": ("[small]",),
    "tests/build/test_memory.py::test_pools_are_as_large_as_estimated": (),
    "tests/build/test_memory.py::test_the_peak_of_building_is_little_more_than_the_store": (),
    "tests/build/test_memory.py::test_what_is_kept_is_what_was_estimated": ("-one weight]", "-depressing]"),
    "tests/build/test_ranks.py::test_the_synapses_of_all_ranks_are_those_of_one_process": (
        "sampled-FixedProbability]",
        "numbers-FixedProbability]",
    ),
    "tests/core/test_arithmetic.py::test_building_and_running": (),
    "tests/core/test_interrupts.py::test_a_script_may_end_while_kernels_are_compiled": (),
    "tests/core/test_interrupts.py::test_interrupts_": (),
    "tests/engine/checkpoints/test_checkpointed_runs.py::test_killed_at_random_moments": ("[memory-3]",),
    "tests/engine/checkpoints/test_checkpoints.py::TestContinuing::test_nothing_recorded_is_doubled": (),
    "tests/engine/exchange/test_threads.py::test_where_a_thread_cannot_be_woken_it_naps": (),
    "tests/engine/plasticity/test_bits.py::test_any_number_of_threads": (),
    "tests/engine/plasticity/test_bits.py::test_single_precision": (),
    "tests/engine/plasticity/test_bits.py::test_synapses_that_catch_up_often_are_those_of_the_twin": (
        "1.0-Pairs]",
        "0.0-Pairs]",
    ),
    "tests/engine/plasticity/test_built_in.py::test_networks_against_the_twin": ("TripletSTDP()", "STDP()"),
    "tests/engine/plasticity/test_built_in.py::test_window_of_one_pair": ("additive",),
    "tests/engine/plasticity/test_calcium.py::TestTheWeightAndTheEfficacy::test_the_weight_says_where_the_efficacy_begins": (
        "double",
    ),
    "tests/engine/plasticity/test_combined.py::test_a_network_against_the_twin": (),
    "tests/engine/plasticity/test_growth.py": (),
    "tests/engine/plasticity/test_homeostasis.py::test_bits": ("held",),
    "tests/engine/plasticity/test_initial.py::test_distributions_against_the_twin": ("[x]",),
    "tests/engine/plasticity/test_learning.py::test_weights_are_frozen_for_a_while": ("Pairs",),
    "tests/engine/plasticity/test_learning.py::test_weights_are_written_between_pieces": ("number-0.0", "array-all"),
    "tests/engine/plasticity/test_listed_weights.py::test_at_the_bound_in_single_precision": (),
    "tests/engine/plasticity/test_listed_weights.py::test_in_the_precision_of_the_run": (),
    "tests/engine/plasticity/test_nest.py::test_weights": ("built_in",),
    "tests/engine/plasticity/test_networks.py": ("Pairs-0.0",),
    "tests/engine/plasticity/test_own_rules.py::test_names_of_the_generated_code": (),
    "tests/engine/plasticity/test_own_rules.py::test_random_spikes_against_the_twin": ("delays2-Triplets",),
    "tests/engine/plasticity/test_sign.py": ("additive, all-double",),
    "tests/engine/plasticity/test_voltage.py": ("pairs", "test_mistakes"),
    "tests/engine/recorders/test_broken_streams.py::TestCrash::test_kill": (),
    "tests/engine/recorders/test_weights.py::test_recording_changes_no_bit": ("triplet", "additive"),
    "tests/engine/recorders/test_weights.py::test_samples_are_what_is_read_between_pieces": (
        "None-0.7-calcium",
        "all-calcium",
    ),
    "tests/engine/simulation/test_warnings.py::test_a_cache_folder_that_cannot_be_written_warns_and_works": (),
    "tests/engine/synapses/test_near.py::test_targets_choose_their_sources_in_proportion": ("exp(-d/20)-False",),
    "tests/engine/synapses/test_near.py::test_weights_and_delays_are_texts_of_the_distance": ("stored",),
    "tests/engine/synapses/test_procedural.py::test_the_spikes_are_those_of_the_stored_network": ("1-double", "3-double"),
    "tests/engine/synapses/test_rewiring.py::test_bits_after_a_change": ("all-",),
    "tests/equations/test_constant_parts.py": (),
    "tests/equations/test_defaults.py::test_last_spike_of_a_second": ("[EIF]", "[Izhikevich]"),
    "tests/equations/test_fuzz.py::test_junk_in_classes_is_rejected": (),
    "tests/equations/test_kernels.py::test_cells_with_parameters_of_their_own_are_cells_by_themselves": (),
    "tests/equations/test_kernels.py::test_parts_of_a_step_are_smaller_steps": (),
    "tests/equations/test_kernels.py::test_single_precision_follows": ("[waiting]",),
    "tests/equations/test_large_systems.py::test_a_cable_of_sixty_compartments": (),
    "tests/equations/test_large_systems.py::test_a_product_gives_what_the_sums_give": ("given0",),
    "tests/equations/test_large_systems.py::test_chains_are_exact": ("18-15.0",),
    "tests/equations/test_methods.py::test_order": ("[rk4", "[heun"),
    "tests/equations/test_names.py::test_names_of_variables_never_meet_those_that_kernels_make_of_them": (),
    "tests/equations/test_noise.py::test_variance_and_autocorrelation_of_a_process": ("[exact",),
    "tests/equations/test_tables.py::test_a_table_has_more_rows_than_float32_counts": ("single",),
    "tests/examples/test_coincidence.py": (),
    "tests/examples/test_digits_stdp.py": (),
    "tests/examples/test_examples.py::test_builds_runs_and_draws": ("balanced", "memory", "single", "synfire"),
    "tests/examples/test_grid.py": (),
    "tests/examples/test_microcircuit.py": ("mistake", "published"),
    "tests/examples/test_pairs.py": (),
    "tests/examples/test_reservoir.py": (),
    "tests/examples/test_reward.py": (),
    "tests/examples/test_sheet.py": (),
    "tests/examples/test_stdp_window.py": (),
    "tests/examples/test_tour.py": (),
    "tests/interface/test_benchmarks.py::test_a_file_that_cannot_be_read_or_written_is_an_error_before_measuring": (
        "arguments0",
        "arguments4",
    ),
    "tests/interface/test_pages.py::test_a_page_does_what_it_says": (
        "1-one-neuron",
        "2-a-synapse",
        "3-a-network",
        "checked",
    ),
    "tests/interface/test_readme.py::test_the_code_of_a_page_runs[artificial": (),
    "tests/interface/test_readme.py::test_the_code_of_a_page_runs[learning": (),
    "tests/jit/test_bounds.py::test_an_index_out_of_bounds_ends_the_run_if_indices_are_checked": (),
    "tests/jit/test_bounds.py::test_arrays_of_kernels_are_parts": ("'inputs', 1", "'channels', 1"),
    "tests/jit/test_bounds.py::test_records_point_to_arrays": ("'inputs', 1", "'channels', 1"),
    "tests/jit/test_bounds.py::test_what_a_kernel_reaches_lies_within_its_arrays": ("'inputs', 1", "'channels', 1"),
    "tests/jit/test_records.py::test_arrays_are_held_as_long_as_they_are_pointed_to": (),
    "tests/jit/test_vmath.py::test_special_points": ("[exp]", "[tanh]"),
    "tests/jit/test_vmath.py::test_the_type_of_the_result": ("[exp]", "[tanh]"),
    "tests/jit/test_vmath.py::test_they_do_not_depend_on_their_neighbours": ("[exp]", "[tanh]"),
    "tests/jit/test_vmath.py::test_they_keep_their_bounds": ("[exp", "[tanh", "[log"),
    "tests/jit/test_vmath.py::test_they_vectorise": ("[exp-", "[tanh-"),
    "tests/laws/test_golden.py::test_any_number_of_threads_and_pieces": (
        "-conductances]",
        "-rules_stored]",
        "-plastic_pairs]",
    ),
    "tests/laws/test_golden.py::test_the_bits_are_those_that_are_pinned[distances": (),
    "tests/laws/test_golden.py::test_the_bits_are_those_that_are_pinned[plastic_others": (),
    "tests/laws/test_golden.py::test_the_bits_are_those_that_are_pinned[plastic_voltage": (),
    "tests/laws/test_plastic_changes.py::test_normalisation": ("0-target",),
    "tests/laws/test_plastic_changes.py::test_scaling": ("[1]",),
    "tests/laws/test_poisson.py::TestTinyRates::test_mean_of_a_small_rate": (),
    "tests/laws/test_random_networks.py::test_a_difference_is_found_and_said": (),
    "tests/laws/test_random_networks.py::test_the_same_bits_in_every_way": tuple(f"[{seed}]" for seed in range(40, 52)),
    "tests/laws/test_random_networks.py::test_what_failed_once": (),
    "tests/learn/test_damaged_networks.py": (),
    "tests/learn/test_lesions_in_the_engine.py": (),
    "tests/learn/test_model_layers.py": ("[linear]", "mistakes"),
    "tests/learn/test_model_parameters.py": ("test_mistakes",),
    "tests/learn/test_spiking_gradients.py::test_gradients_equal_differences": ("[all]", "[count]", "[fine]"),
    "tests/learn/test_spiking_oracle.py::test_a_step_of_a_millisecond_is_near_it": ("False-0.99",),
    "tests/models/test_channels.py::test_exponential_euler_of_traub_miles_comes_to_the_true_path": (),
    "tests/models/test_channels.py::test_gates_stay_between_0_and_1": ("[HodgkinHuxley]",),
    "tests/models/test_channels.py::test_paths_are_those_of_the_published_equations": ("[FitzHughNagumo]", "[MorrisLecar]"),
    "tests/models/test_every_model.py::test_bits_do_not_depend_on_threads": (
        "[LIF]",
        "[AdEx]",
        "[Izhikevich]",
        "[GLIF3]",
        "[HodgkinHuxley]",
    ),
    "tests/models/test_every_model.py::test_each_synapse_acts_on_a_lif": ("[Exponential]", "[NMDA]", "[Delta]"),
    "tests/models/test_every_model.py::test_parameters_of_each_cell_are_those_of_separate_runs": (
        "[LIF]",
        "[AdEx]",
        "[Izhikevich]",
        "[HodgkinHuxley]",
        "[MAT2]",
    ),
    "tests/models/test_every_model.py::test_resets_and_respects_the_refractory_time": (
        "[LIF]",
        "[AdEx]",
        "[Izhikevich]",
        "[GLIF3]",
        "[MAT2]",
    ),
    "tests/models/test_every_model.py::test_single_precision_runs": ("[LIF]", "[AdEx]", "[HodgkinHuxley]"),
    "tests/models/test_every_model.py::test_stays_finite_and_does_something": (
        "[LIF]",
        "[AdEx]",
        "[Izhikevich]",
        "[HodgkinHuxley]",
        "[MAT2]",
        "[GLIF3]",
        "[ALIF]",
    ),
    "tests/network/test_journeys.py::test_elsewhere_they_belong_together_in_any_order": ("01234",),
    "tests/plot/test_explore.py::TestPortraits": (),
    "tests/plot/test_live.py::test_a_picture_takes_no_copy_of_what_was_before": (),
    "tests/plot/test_live.py::test_changes_no_bit": (),
    "tests/plot/test_names.py::test_names_are_within_the_figure_and_leave_room": ("raster", "overview", "connectivity"),
    "tests/sweeps/test_processes.py::TestProcesses::test_two_workers_give_the_bits_of_one_and_a_killed_sweep_goes_on": (),
    "tests/sweeps/test_processes.py::test_the_batch_script_of_the_page_about_clusters": (),
}


def is_thorough(name):
    """Return whether a test, given by its name in pytest, is left to `.ci/run`."""
    kept = next((parts for beginning, parts in THOROUGH.items() if name.startswith(beginning)), None)
    return kept is not None and not any(part in name for part in kept)


def entries_without_tests(items):
    """Return the entries of the table, and the parts of names in them, that are of none of all tests."""
    names = [item.nodeid for item in items]
    found = {beginning: [name for name in names if name.startswith(beginning)] for beginning in THOROUGH}
    stale = [beginning for beginning, tests in found.items() if not tests]
    return stale + [
        f"{beginning} with {part!r}"
        for beginning, parts in THOROUGH.items()
        for part in parts
        if not any(part in name for name in found[beginning])
    ]
