"""Small files in the formats of mapped brains: four cells whose identifiers are not exact as floats, and four edges."""

import gzip

FLY = 720575940660219265
CELLS = [FLY + k for k in (3, 0, 1, 2)]  # not in ascending order
PAIRS = [(0, 1, 7), (2, 0, 1), (1, 3, 2405), (0, 3, 12)]  # indices of cells, number of synapses
SIGNS = [1, -1, -1, 1]  # of the edges, by the transmitters below
TRANSMITTERS = ["ACH", "GABA", "GLUT", "DA"]


def write(path, text):
    """Write a text to a file, compressed if its name ends in .gz, and return the path."""
    with (gzip.open if path.suffix == ".gz" else open)(path, "wt", encoding="utf-8") as file:
        file.write(text)
    return path


def write_codex(folder, ending=".csv"):
    """Write the files of Codex, and return name -> path; the edge from cell 0 to 1 has two parts."""
    rows = [(0, 1, "AL_R", 3), (2, 0, "MB_L", 1), (1, 3, "AL_R", 2405), (0, 1, "MB_L", 4), (0, 3, "AL_R", 12)]
    lines = {
        "neurons": ["root_id,group,nt_type,nt_type_score"]
        + [f"{cell},g,{nt},0.9" for cell, nt in zip(CELLS, TRANSMITTERS, strict=True)],
        "connections": ["pre_root_id,post_root_id,neuropil,syn_count,nt_type"]
        + [f"{CELLS[pre]},{CELLS[post]},{part},{count},ACH" for pre, post, part, count in rows],
        "classification": [
            "root_id,flow,super_class,class,sub_class,side",
            f"{CELLS[1]},afferent,sensory,olfactory,,left",
            f"{CELLS[2]},intrinsic,central,,,right",
            '17,intrinsic,"central, unsure",,,right',
        ],
    }
    return {name: write(folder / f"{name}{ending}", "\n".join([*text, ""])) for name, text in lines.items()}


def write_shiu(folder, **changed):
    """Write the files of Shiu et al., and return both paths; `changed` columns replace others, None omits one."""
    import pyarrow
    from pyarrow import parquet

    pre, post, count = map(list, zip(*PAIRS, strict=True))
    columns = {
        "Presynaptic_ID": [CELLS[k] for k in pre],
        "Postsynaptic_ID": [CELLS[k] for k in post],
        "Presynaptic_Index": pre,
        "Postsynaptic_Index": post,
        "Connectivity": count,
        "Excitatory": SIGNS,
        "Excitatory x Connectivity": [number * sign for number, sign in zip(count, SIGNS, strict=True)],
    } | changed
    table = pyarrow.table({name: values for name, values in columns.items() if values is not None})
    parquet.write_table(table, folder / "Connectivity_783.parquet")
    cells = "".join(f"{cell},True\n" for cell in CELLS)
    return write(folder / "Completeness_783.csv", f",Completed\n{cells}"), folder / "Connectivity_783.parquet"
