using Backup.Daemon.Targets;
using Backup.Foundation;
using Backup.Foundation.Errors;
using Backup.Snapshots.Exports;
using Backup.Snapshots.Sharding;

namespace Backup.Daemon.Restores;

/// <summary>A restore that can be written, once; dispose it afterwards.</summary>
public sealed class OpenRestore : IAsyncDisposable
{
    private ExportContent _content;
    private readonly ClusterLayout? _layout;
    private readonly RestoreFormat _format;
    private readonly IReadOnlyList<IAsyncDisposable> _parts;

    /// <param name="content">What is restored.</param>
    /// <param name="layout">Of the cluster that it is of; null for a replica set's.</param>
    /// <param name="optime">The last entry that is in it.</param>
    /// <param name="format">How it is written.</param>
    /// <param name="parts">Disposed with it.</param>
    internal OpenRestore(
        ExportContent content,
        ClusterLayout? layout,
        Optime optime,
        RestoreFormat format,
        IReadOnlyList<IAsyncDisposable> parts
    )
    {
        (_content, _layout, _format, _parts) = (content, layout, format, parts);
        Optime = optime;
    }

    /// <summary>Of a replica set: reads by <c>_id</c>; null of a cluster.</summary>
    internal OpenSource? Source { get; private init; }

    /// <summary>The last entry that is in it.</summary>
    public Optime Optime { get; }

    /// <summary>What is written: it may be read again, for example where a transfer was cut.</summary>
    internal ExportContent Content => _content;

    /// <summary>Collections whose documents are not in it, as they could not be followed.</summary>
    public IReadOnlyList<ExcludedCollection> Excluded { get; internal init; } = [];

    /// <summary>
    /// The entries that prepared transactions of which it is not known whether they were committed by then: they are not in it. Only a snapshot
    /// has them, a moment is refused.
    /// </summary>
    public IReadOnlyList<Optime> Undecided { get; internal init; } = [];

    /// <summary>One replica set.</summary>
    /// <param name="source">Disposed with it, also where this throws.</param>
    /// <param name="format">How it is written.</param>
    /// <param name="only">The namespaces that are written; null: all.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <param name="users">With users and roles.</param>
    /// <exception cref="BackupException">9016, 9017 where a namespace that is asked for is not in it.</exception>
    internal static async Task<OpenRestore> OfAsync(
        OpenSource source,
        RestoreFormat format,
        IReadOnlyList<NamespacePattern>? only,
        CancellationToken cancellation,
        bool users = false
    )
    {
        try
        {
            RestoreScope.Require(source.Reader, only ?? []);
            var options = new ExportOptions(
                IncludeUsers: users,
                Includes: only is null ? null : ns => RestoreScope.Wants(only, ns) || UserData.IsOfUsers(ns)
            );
            var content = await ExportContent.OfAsync(source.Reader, options, cancellation);
            return new OpenRestore(content, layout: null, source.Optime, format, [source])
            {
                Source = source,
                Excluded = RestoreScope.Excluded(source.Reader, only),
                Undecided = source.Undecided,
            };
        }
        catch
        {
            await source.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// What its bytes follow from, beside the form and the scope: two of one moment with the same identity write the same bytes, by whichever snapshot and
    /// slices they were put together.
    /// </summary>
    public string Identity =>
        string.Join(
            '|',
            [
                Optime.ToString(),
                _content.MongoVersion,
                .. Undecided.Select(static one => one.ToString()),
                .. Excluded.Select(static one => one.Namespace),
            ]
        );

    /// <summary>From now on what is written is called otherwise.</summary>
    /// <exception cref="BackupException">4012 where that cannot be.</exception>
    public void Rename(IReadOnlyList<NamespaceRename> renames) => _content = RenamedContent.Of(_content, renames);

    /// <summary>What writing it into a running MongoDB would meet; nothing is changed.</summary>
    /// <exception cref="BackupException">9031 of the target.</exception>
    public Task<TargetReport> LookAsync(TargetWriter target, CancellationToken cancellation = default) =>
        target.LookAsync(_content, cancellation);

    /// <summary>Streams it; the output is flushed, not closed.</summary>
    public Task<RestoreResult> WriteAsync(Stream output, CancellationToken cancellation = default) =>
        WriteAsync(output, gzip: false, cancellation);

    /// <summary>Streams it, compressed where that is wanted: an archive and lines as a whole, of a directory each file.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="gzip">Whether it is compressed.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <param name="hashes">False where whoever reads it hashes it: one hash less of every byte.</param>
    public async Task<RestoreResult> WriteAsync(
        Stream output,
        bool gzip,
        CancellationToken cancellation = default,
        bool hashes = true
    )
    {
        var format = _format switch
        {
            RestoreFormat.Archive => ExportFormat.Archive,
            RestoreFormat.Directory => ExportFormat.Directory,
            _ => ExportFormat.NdjsonLines,
        };
        var result = await SnapshotExport.ToStreamAsync(
            _content,
            format,
            output,
            gzip,
            cancellation: cancellation,
            hashes: hashes
        );
        return new RestoreResult(result.Documents, result.Bytes, result.Sha256, Optime, Excluded, Undecided);
    }

    /// <summary>Writes it straight into a running MongoDB.</summary>
    /// <exception cref="BackupException">9030 to 9034 of the target; those of reading the backup.</exception>
    public Task<TargetResult> WriteAsync(
        TargetWriter target,
        IProgress<TargetProgress>? progress = null,
        CancellationToken cancellation = default
    ) => target.WriteAsync(_content, _layout, progress, cancellation);

    public async ValueTask DisposeAsync()
    {
        foreach (var part in _parts)
        {
            await part.DisposeAsync();
        }
    }
}
