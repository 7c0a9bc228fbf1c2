using Backup.Blockstore;
using Backup.Metadata;
using Backup.Oplog;
using Backup.Snapshots.Heads;
using Microsoft.Extensions.Logging;

namespace Backup.Daemon.Heads;

/// <summary>What everything around a head works with.</summary>
internal sealed record HeadServices(
    IMetadataStore Metadata,
    IBlockStore Blocks,
    IObjectStore Objects,
    DaemonOptions Options,
    TimeProvider Time,
    ILogger Logger
)
{
    internal HeadOptions HeadOptions { get; } = new() { MemtableBytes = Options.MemtableBytes };

    /// <summary>Told what an operator must know of a replay.</summary>
    internal Action<ReplayNotice>? OnNotice { get; init; }

    /// <summary>Told when a head has caught up with its source.</summary>
    internal Action? OnTailing { get; init; }
}
