"""One question to the child process in which pictures are worked on, for as long as a command runs."""

from __future__ import annotations

from collections.abc import Callable

from edgepi.errors import EdgePiError, PluginError, RequestError
from edgepi.plugin import CommandContext, Message

__all__ = ["ask"]

TARGET = "edgepi_camera.tuning.main:handle"
INSTALL = "pip install 'edgepi[camera]'"


async def ask(
    message: Message,
    context: CommandContext,
    *,
    timeout_s: float,
    on_push: Callable[[Message], None] | None = None,
) -> Message:
    """Its answer; raises RequestError with what it says, PluginError where it dies of what it was given."""
    async with context.clock() as clock:
        child = context.child(clock)(TARGET, name="pictures", on_push=on_push)
        try:
            answer = await child.ask(message, timeout_s=timeout_s)
        except TimeoutError:
            raise RequestError(f"no answer within {timeout_s / 60:.0f} minutes") from None
        except PluginError as error:
            raise _explained(error) from error
        finally:
            await child.stop()
    if answer.kind == "refused":
        raise RequestError(str(answer.fields["message"]), hint=answer.fields.get("hint"))
    return answer


def _explained(error: PluginError) -> EdgePiError:
    if "No module named 'av'" in error.message or "No module named 'cv2'" in error.message:
        return RequestError("the libraries for pictures are not installed", hint=INSTALL)
    if "exit code -" in error.message:
        return RequestError(
            "the process that reads the pictures died: a file may be made to do that",
            hint=f"nothing else is harmed; {error.message}",
        )
    return error
