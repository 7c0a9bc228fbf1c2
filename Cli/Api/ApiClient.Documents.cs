using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Backup.Cli.Control;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Api;

/// <content>Single documents.</content>
internal sealed partial class ApiClient
{
    /// <summary>One document.</summary>
    internal async Task<DocumentView> DocumentAsync(
        DocumentRequest request,
        Action<ReplayView> progress,
        CancellationToken cancellation
    )
    {
        var plan = new DocumentPlan
        {
            Namespace = request.Namespace,
            Id = request.Id,
            Snapshot = request.Snapshot,
            Optime = request.Moment?.Optime,
            Time = TimeOf(request.Moment?.Before),
            Canonical = request.IsCanonical,
        };
        var path = $"{await PathOfAsync(request.Subject, SubjectKind.Any, cancellation)}/document";
        await foreach (var one in VersionsAsync(path, plan, progress, cancellation))
        {
            return one;
        }

        throw CliErrors.Damaged("the appliance answered nothing");
    }

    /// <summary>All versions of one document, as they are found.</summary>
    internal async IAsyncEnumerable<DocumentView> HistoryAsync(
        DocumentRequest request,
        Action<ReplayView> progress,
        [EnumeratorCancellation] CancellationToken cancellation
    )
    {
        var plan = new HistoryPlan
        {
            Namespace = request.Namespace,
            Id = request.Id,
            Since = Of(request.Since),
            Until = Of(request.Until),
            Canonical = request.IsCanonical,
        };
        var path = $"{await PathOfAsync(request.Subject, SubjectKind.Any, cancellation)}/document/history";
        await foreach (var one in VersionsAsync(path, plan, progress, cancellation))
        {
            yield return one;
        }
    }

    private static MomentPlan? Of(MomentRequest? moment) =>
        moment is null ? null : new MomentPlan(moment.Optime, TimeOf(moment.Before));

    private async IAsyncEnumerable<DocumentView> VersionsAsync<TPlan>(
        string path,
        TPlan plan,
        Action<ReplayView> progress,
        [EnumeratorCancellation] CancellationToken cancellation
    )
    {
        var body = JsonContent.Create(plan, options: ControlJson.Wire);
        await foreach (var text in LinesAsync(path, body, "the search", cancellation))
        {
            var line = JsonSerializer.Deserialize<DocumentLine>(text, ControlJson.Wire)!;
            if (line.Error is { } error)
            {
                throw CliErrors.Job(error.Code, error.Message, error.Hint, error.Field);
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

        throw CliErrors.Damaged("the appliance ended before the search did");
    }
}
