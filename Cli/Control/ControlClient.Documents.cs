using System.Runtime.CompilerServices;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Control;

internal sealed partial class ControlClient
{
    /// <summary>One document.</summary>
    internal async Task<DocumentView> DocumentAsync(
        DocumentRequest request,
        Action<ReplayView> progress,
        CancellationToken cancellation
    )
    {
        await foreach (var one in VersionsAsync(ControlRoutes.Document, request, progress, cancellation))
        {
            return one;
        }

        throw CliErrors.Damaged("the appliance answered nothing");
    }

    /// <summary>All versions of one document, as they are found.</summary>
    internal IAsyncEnumerable<DocumentView> HistoryAsync(
        DocumentRequest request,
        Action<ReplayView> progress,
        CancellationToken cancellation
    ) => VersionsAsync(ControlRoutes.DocumentHistory, request, progress, cancellation);

    private async IAsyncEnumerable<DocumentView> VersionsAsync(
        string route,
        DocumentRequest request,
        Action<ReplayView> progress,
        [EnumeratorCancellation] CancellationToken cancellation
    )
    {
        await foreach (
            var line in LinesAsync<DocumentRequest, DocumentLine>(route, request, "the search", cancellation)
        )
        {
            if (line.Error is { } error)
            {
                throw Thrown(error);
            }

            if (line.IsEnd)
            {
                yield break;
            }

            if (line.Progress is { } at)
            {
                progress(at);
            }

            if (line.Version is { } version)
            {
                yield return version;
            }
        }
    }
}
