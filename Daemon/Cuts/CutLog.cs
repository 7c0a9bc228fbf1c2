using Microsoft.Extensions.Logging;

namespace Backup.Daemon.Cuts;

/// <summary>What is logged of cuts through clusters; the event ids are stable.</summary>
internal static partial class CutLog
{
    [LoggerMessage(
        60,
        LogLevel.Information,
        "Part {Id} of {ReplicaSetId} for the cut {CutId}: {Documents} documents in {Seconds:0.0} s"
    )]
    internal static partial void Part(
        ILogger logger,
        string id,
        string replicaSetId,
        string cutId,
        long documents,
        double seconds
    );

    [LoggerMessage(
        62,
        LogLevel.Warning,
        "The head of {Set} cannot give its part for the cut {CutId}: it is made from an older base"
    )]
    internal static partial void Rescue(ILogger logger, string set, string cutId);

    [LoggerMessage(
        64,
        LogLevel.Warning,
        "The part of {Set} for the cut {CutId} is made once more from an older base: {Cause}"
    )]
    internal static partial void RescuedInVain(ILogger logger, string set, string cutId, string cause);

    [LoggerMessage(63, LogLevel.Information, "The cut {CutId} of {Cluster} has had its time and is removed")]
    internal static partial void Removed(ILogger logger, string cutId, string cluster);

    [LoggerMessage(61, LogLevel.Error, "The cut {CutId} fails: {ReplicaSetId} could not give its part")]
    internal static partial void PartFailed(ILogger logger, string cutId, string replicaSetId, Exception failure);
}
