using Backup.Cli.Control;
using Backup.Foundation;
using Backup.Metadata;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Appliance;

/// <summary>How heads are beyond their last checkpoint: those of this process as they are now, those of other daemons as these said last.</summary>
internal sealed class LiveHeads
{
    private readonly BackEnd _backEnd;
    private readonly IReadOnlyDictionary<string, HeadLease> _elsewhere;

    private LiveHeads(BackEnd backEnd, IReadOnlyDictionary<string, HeadLease> elsewhere) =>
        (_backEnd, _elsewhere) = (backEnd, elsewhere);

    /// <summary>Where no other daemon can be, nothing is read.</summary>
    internal static async Task<LiveHeads> ReadAsync(
        BackEnd backEnd,
        IMetadataStore metadata,
        CancellationToken cancellation
    ) =>
        new(
            backEnd,
            backEnd.Options.Alone
                ? new Dictionary<string, HeadLease>(StringComparer.Ordinal)
                : (await metadata.HeadLeases.ListAsync(cancellation)).ToDictionary(
                    static one => one.ReplicaSetId,
                    StringComparer.Ordinal
                )
        );

    /// <summary>What it holds; null where nobody keeps it, or it holds nothing yet.</summary>
    internal Optime? OptimeOf(string replicaSetId) =>
        _backEnd.Daemon?.LiveOptime(replicaSetId) ?? _elsewhere.GetValueOrDefault(replicaSetId)?.Live;

    /// <summary>What it is being tried again for; null while all is well.</summary>
    internal ErrorView? TroubleOf(string replicaSetId)
    {
        if (_backEnd.Daemon?.Heads.Contains(replicaSetId) == true)
        {
            return _backEnd.Daemon?.Trouble(replicaSetId) is { } trouble ? ControlServer.Describe(trouble) : null;
        }

        return _elsewhere.GetValueOrDefault(replicaSetId) is { TroubleCode: { } code } lease
            ? new ErrorView(code, lease.TroubleMessage ?? "", lease.TroubleHint ?? "")
            : null;
    }
}
