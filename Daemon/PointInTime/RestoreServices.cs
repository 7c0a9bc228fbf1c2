using Backup.Blockstore;
using Backup.Metadata;
using Microsoft.Extensions.Logging;

namespace Backup.Daemon.PointInTime;

/// <summary>What a restore works with.</summary>
/// <param name="Metadata">The catalogue of everything.</param>
/// <param name="Blocks">Runs and manifests.</param>
/// <param name="Objects">Slices.</param>
/// <param name="Options">Memory, and where temporary files go.</param>
/// <param name="Time">The clock.</param>
/// <param name="Logger">Where it logs.</param>
public sealed record RestoreServices(
    IMetadataStore Metadata,
    IBlockStore Blocks,
    IObjectStore Objects,
    DaemonOptions Options,
    TimeProvider Time,
    ILogger Logger
);
