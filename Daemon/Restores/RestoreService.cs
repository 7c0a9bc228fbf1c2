using Backup.Blockstore;
using Backup.Metadata;
using Backup.Snapshots.Exports;
using Backup.Snapshots.Reading;

namespace Backup.Daemon.Restores;

/// <summary>The forms a snapshot can be written out in.</summary>
public enum RestoreFormat
{
    Archive = 0,
    Directory = 1,
    Ndjson = 2,
}

/// <summary>The names of <see cref="RestoreFormat"/> that commands and routes use.</summary>
public static class RestoreFormats
{
    public static readonly IReadOnlyList<string> Names = ["archive", "directory", "ndjson"];

    public static string Name(RestoreFormat format) => Names[(int)format];

    /// <exception cref="Foundation.Errors.BackupException">9004</exception>
    public static RestoreFormat Parse(string name)
    {
        for (var i = 0; i < Names.Count; i++)
        {
            if (Names[i] == name)
            {
                return (RestoreFormat)i;
            }
        }

        throw DaemonErrors.Format(name, Names);
    }
}

/// <param name="Documents">Written.</param>
/// <param name="Bytes">Of the output.</param>
/// <param name="Sha256">Of the output, 64 hex digits.</param>
public sealed record RestoreResult(long Documents, long Bytes, string Sha256);

/// <summary>Writes snapshots out.</summary>
public sealed class RestoreService(IMetadataStore metadata, IBlockStore blocks)
{
    /// <summary>Opens the snapshot: what is wrong with it in itself is said here, before a byte is written.</summary>
    /// <exception cref="Foundation.Errors.BackupException">9005 where it is gone, 4003, 5001, 5002 where its manifest cannot be read.</exception>
    public async Task<OpenRestore> OpenAsync(
        SnapshotRecord snapshot,
        RestoreFormat format,
        CancellationToken cancellation = default
    )
    {
        var current =
            await metadata.Snapshots.FindAsync(snapshot.Id, cancellation) ?? throw DaemonErrors.NoSnapshot(snapshot.Id);
        if (!BlockId.TryParse(current.ManifestBlock, out var manifest))
        {
            throw DaemonErrors.NoSnapshot(snapshot.Id);
        }

        return new OpenRestore(await SnapshotReader.OpenAsync(blocks, manifest, cancellation), format);
    }
}

/// <summary>A restore that can be written, once.</summary>
public sealed class OpenRestore
{
    private readonly SnapshotReader _reader;
    private readonly RestoreFormat _format;

    internal OpenRestore(SnapshotReader reader, RestoreFormat format)
    {
        _reader = reader;
        _format = format;
    }

    /// <summary>Streams it; the output is flushed, not closed.</summary>
    public async Task<RestoreResult> WriteAsync(Stream output, CancellationToken cancellation = default)
    {
        var format = _format switch
        {
            RestoreFormat.Archive => ExportFormat.Archive,
            RestoreFormat.Directory => ExportFormat.Directory,
            _ => ExportFormat.NdjsonLines,
        };
        var result = await SnapshotExport.ToStreamAsync(_reader, format, output, cancellation: cancellation);
        return new RestoreResult(result.Documents, result.Bytes, result.Sha256);
    }
}
