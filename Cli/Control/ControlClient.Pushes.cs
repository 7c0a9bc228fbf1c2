using Backup.WebUI.Contracts;

namespace Backup.Cli.Control;

internal sealed partial class ControlClient
{
    /// <summary>Pushes a restore to an SSH target.</summary>
    /// <param name="request">What and where to.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancellation">Hangs up, which stops it.</param>
    internal async Task<PushView> PushAsync(
        PushRequest request,
        Action<PushProgressView> progress,
        CancellationToken cancellation
    )
    {
        await foreach (
            var said in LinesAsync<PushRequest, PushLine>(ControlRoutes.Push, request, "the push", cancellation)
        )
        {
            if (said.Error is { } error)
            {
                throw Thrown(error);
            }

            if (said.Result is { } result)
            {
                return result;
            }

            progress(said.Progress!);
        }

        throw CliErrors.Damaged("the push was answered with nothing");
    }
}
