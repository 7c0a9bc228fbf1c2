using Microsoft.Extensions.Logging;

namespace Backup.Daemon.Heads;

/// <summary>What keepers of heads log; the event ids are stable.</summary>
internal static partial class HeadLog
{
    [LoggerMessage(10, LogLevel.Information, "Building the head of {Name} from initial sync {SyncId}")]
    internal static partial void Building(ILogger logger, string name, string syncId);

    [LoggerMessage(11, LogLevel.Information, "Snapshot {Id} of {Name}: {Documents} documents in {Seconds:0.0} s")]
    internal static partial void Snapshot(ILogger logger, string id, string name, long documents, double seconds);

    [LoggerMessage(12, LogLevel.Warning, "The head of {ReplicaSetId} failed and is tried again in {Seconds} s")]
    internal static partial void Pause(ILogger logger, string replicaSetId, double seconds, Exception failure);

    [LoggerMessage(13, LogLevel.Error, "The head of {ReplicaSetId} is stopped: {Code} {Message} {Hint}")]
    internal static partial void Stopped(ILogger logger, string replicaSetId, string code, string message, string hint);

    [LoggerMessage(
        14,
        LogLevel.Information,
        "The copy {Id} was taken over: {Collections} collections, snapshot {Snapshot}"
    )]
    internal static partial void CopyTaken(ILogger logger, string id, int collections, string snapshot);

    [LoggerMessage(
        17,
        LogLevel.Information,
        "The filter of {ReplicaSetId} is now {Filter}: {Left} collections left the backup"
    )]
    internal static partial void FilterChanged(ILogger logger, string replicaSetId, string filter, int left);

    [LoggerMessage(18, LogLevel.Information, "The head of {ReplicaSetId} needs a copy, {Id}: {What}")]
    internal static partial void CopyWanted(ILogger logger, string replicaSetId, string id, string what);

    [LoggerMessage(15, LogLevel.Error, "The copy {Id} cannot be used and is given up; the head keeps what it held")]
    internal static partial void CopyFailed(ILogger logger, string id, Exception failure);

    [LoggerMessage(16, LogLevel.Warning, "The copy {Id} failed and is built again")]
    internal static partial void CopyTroubled(ILogger logger, string id, Exception failure);
}
