"""Films: frames are written to a GIF, which Matplotlib's own Pillow does, or to an MP4 with the program ffmpeg."""

import shutil
import subprocess

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg

from brainsim.core.checks import nearest
from brainsim.core.files import writable

COLOURS = 64  # of a GIF: a picture has few, and fewer make a smaller file
FORMATS = (".gif", ".mp4")


def checked_path(path, label):
    """Return the path of a film; raise ValueError unless its suffix names a format that can be written here."""
    path = writable(path, label)
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise ValueError(f"{label}: must end in .gif or .mp4 (got {str(path)!r}{nearest(suffix, FORMATS)})")
    if suffix == ".mp4" and shutil.which("ffmpeg") is None:
        raise ValueError(f"{label}: an MP4 needs the program ffmpeg, which is not installed; a .gif needs nothing")
    return path


def frames_of(figure, moving, frames):
    """Yield the pictures of a figure as RGB bytes, shape (height, width, 3).

    Parameters
    ----------
    figure : Figure
    moving : list of Artist
        What changes from frame to frame: only this is drawn again.
    frames : iterable
        Moving on in it changes the artists.
    """
    canvas = FigureCanvasAgg(figure)
    for artist in moving:
        artist.set_animated(True)
    canvas.draw()
    still = canvas.copy_from_bbox(figure.bbox)
    for _ in frames:
        canvas.restore_region(still)
        for artist in moving:
            (artist.axes or figure).draw_artist(artist)
        yield np.asarray(canvas.buffer_rgba())[..., :3].copy()


def write_film(path, pictures, fps):
    """Write pictures as a film, `fps` a second."""
    if path.suffix.lower() == ".gif":
        _write_gif(path, pictures, fps)
    else:
        _write_mp4(path, pictures, fps)


def _write_gif(path, pictures, fps):
    from PIL import Image

    first, *rest = (Image.fromarray(picture).quantize(COLOURS) for picture in pictures)
    length = max(round(100.0 / fps), 2) * 10  # a GIF counts in hundredths of a second
    first.save(path, save_all=True, append_images=rest, duration=length, loop=0)


def _write_mp4(path, pictures, fps):
    program = None
    try:
        for picture in pictures:
            picture = picture[: picture.shape[0] // 2 * 2, : picture.shape[1] // 2 * 2]  # the format needs even sides
            program = program or _ffmpeg(path, picture.shape, fps)
            program.stdin.write(picture.tobytes())
    except BrokenPipeError:
        pass  # it ended early, and says why
    except BaseException:
        if program is not None:
            program.kill()
            program.wait()
        raise
    message = program.communicate()[1].decode(errors="replace").strip()
    if program.returncode:
        raise OSError(
            f"animate: ffmpeg could not write {str(path)!r}: {message.splitlines()[-1] if message else 'no reason'}"
        )


def _ffmpeg(path, shape, fps):
    """Return the program that reads pictures of a shape and writes a film of them."""
    size = f"{shape[1]}x{shape[0]}"
    source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size, "-r", f"{fps:g}", "-i", "-"]
    command = ["ffmpeg", "-y", "-loglevel", "error", *source, "-an", "-pix_fmt", "yuv420p", str(path)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
