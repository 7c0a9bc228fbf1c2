using Backup.Cli.Appliance;
using Backup.Daemon.Jobs;
using Backup.Daemon.Pushes;
using Backup.Daemon.Targets;
using Backup.Metadata;
using Backup.MongoWire.Uri;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Web;

/// <summary>A restore that is ready to begin.</summary>
/// <param name="Kind">One of <see cref="RestoreJobs"/>.</param>
/// <param name="SubjectId">Of the replica set, or of the cluster's deployment.</param>
/// <param name="Title">What is restored, and where to, for people; no secret.</param>
/// <param name="IsDryRun">Nothing is written.</param>
/// <param name="RunAsync">Does it.</param>
internal sealed record RestoreWork(
    string Kind,
    string SubjectId,
    string Title,
    bool IsDryRun,
    Func<JobProgress, CancellationToken, Task<RestoreOutcome>> RunAsync
);

/// <summary>What restores do that were begun over the API.</summary>
/// <param name="pushes">Over SSH.</param>
/// <param name="restores">Into MongoDB.</param>
/// <param name="audit">Writes down what is taken out; pushes write their own records.</param>
internal sealed class RestoreWorks(PushOperations pushes, ClusterRestoreOperations restores, TakeoutAudit audit)
{
    /// <exception cref="Foundation.Errors.BackupException">What is wrong with the request.</exception>
    internal async Task<RestoreWork> OfAsync(string groupId, RestoreTaskRequest request, CancellationToken cancellation)
    {
        var subject = await restores.SubjectAsync(request.Push?.Subject ?? request.Into!.Subject, cancellation);
        return request.Push is { } push ? OfPush(groupId, subject, push) : OfInto(subject, request.Into!);
    }

    /// <summary>As it may be stored: of a target its hosts alone, since a URI may hold a password.</summary>
    internal static RestoreTaskRequest WithoutSecrets(RestoreTaskRequest request) =>
        request.Into is { } into
            ? request with
            {
                Into = into with { Uri = $"mongodb://{HostsOf(into.Uri)}" },
            }
            : request;

    private static string HostsOf(string uri) => string.Join(',', ConnectionString.Parse(uri).Hosts);

    private RestoreWork OfPush(string groupId, SubjectView subject, PushRequest request)
    {
        var moment = NamedMoments.MomentOf(request.Optime, request.Before);
        return new RestoreWork(
            RestoreJobs.Push,
            subject.Id,
            $"{subject.Name} {NamedMoments.What(request.Snapshot, moment)} to {request.Target}",
            IsDryRun: false,
            async (progress, cancellation) =>
            {
                var reports = new Reports<PushProgress>(
                    progress,
                    static one => (one.Phase, one.Bytes, one.ExpectedBytes)
                );
                return new RestoreOutcome(
                    Push: await pushes.PushAsync(request, moment, reports, groupId, cancellation)
                );
            }
        );
    }

    private RestoreWork OfInto(SubjectView subject, TargetRequest request)
    {
        var moment = NamedMoments.MomentOf(request.Optime, request.Before);
        var title =
            $"{subject.Name} {NamedMoments.What(request.Snapshot, moment)}{TakeoutAudit.Selection(request.Namespaces)} to {HostsOf(request.Uri)}";
        return new RestoreWork(
            RestoreJobs.Into,
            subject.Id,
            title,
            request.IsDryRun,
            async (progress, cancellation) =>
            {
                var reports = new Reports<TargetProgress>(
                    progress,
                    static one => (one.Phase, one.Bytes, one.ExpectedBytes)
                );
                Task<TargetView> Restore() => restores.RestoreAsync(request, moment, reports, cancellation);
                return new RestoreOutcome(
                    Into: request.IsDryRun
                        ? await Restore()
                        : await audit.RecordAsync(TakeoutAudit.Into, title, Restore, static result => result.Bytes)
                );
            }
        );
    }

    private sealed class Reports<T>(JobProgress progress, Func<T, (string Phase, long Bytes, long ExpectedBytes)> map)
        : IProgress<T>
    {
        public void Report(T value)
        {
            var (phase, bytes, expected) = map(value);
            progress.Report(phase, bytes, expected);
        }
    }
}
