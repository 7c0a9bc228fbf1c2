using System.Collections.Frozen;
using Backup.AlertService;
using Backup.Metadata;

namespace Backup.Cli.Web;

/// <summary>What errors of the operations are answered with over HTTP, where it is not that the request cannot be carried out (422).</summary>
internal static class Statuses
{
    private const int NotFound = 404;
    private const int Conflict = 409;
    private const int Busy = 429;

    internal static readonly IReadOnlyDictionary<int, int> OfErrors = new Dictionary<int, int>
    {
        [CliErrors.UnknownReplicaSet] = NotFound,
        [CliErrors.UnknownSnapshot] = NotFound,
        [CliErrors.UnknownAgent] = NotFound,
        [CliErrors.UnknownDeployment] = NotFound,
        [CliErrors.UnknownCluster] = NotFound,
        [CliErrors.UnknownLink] = NotFound,
        [CliErrors.UnknownSshTarget] = NotFound,
        [CliErrors.UnknownSshKey] = NotFound,
        [CliErrors.NoSnapshotYet] = Conflict,
        [CliErrors.SshNameInUse] = Conflict,
        [CliErrors.SshKeyInUse] = Conflict,
        [CliErrors.RestoresBusy] = Busy,
        [CliErrors.NotOver] = Conflict,
        [CliErrors.UnknownGroup] = NotFound,
        [CliErrors.GroupStillProtects] = Conflict,
        [MetadataErrors.AlertIsOver] = Conflict,
        [AlertServiceErrors.ConditionUnknown] = NotFound,
    }.ToFrozenDictionary();
}
