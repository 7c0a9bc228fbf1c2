using System.Security.Cryptography;
using System.Text;
using Backup.Daemon.Restores;
using Backup.Foundation;
using Backup.Snapshots.Exports;
using Backup.Snapshots.Reading;
using Backup.Snapshots.Sharding;

namespace Backup.Daemon.Clusters;

/// <summary>Takes the files of a restored cluster, one after another.</summary>
public interface IFileSink
{
    /// <param name="name">Without a folder.</param>
    /// <param name="write">Writes the content.</param>
    /// <param name="cancellation">Gives up.</param>
    Task AddAsync(string name, Func<Stream, Task> write, CancellationToken cancellation);
}

/// <summary>What a restore of a cluster set by set wrote.</summary>
/// <param name="Time">The moment.</param>
/// <param name="Sets">As <c>cluster.json</c> has them.</param>
/// <param name="LeftOut">What is not in it.</param>
public sealed record ClusterFilesResult(Optime Time, IReadOnlyList<DescribedSet> Sets, IReadOnlyList<LeftOut> LeftOut);

/// <summary>
/// A cluster as files, once: an archive for each set, <c>cluster.json</c>, <c>GUIDE.md</c>, <c>restore.sh</c>, and <c>SHA256SUMS</c> over all of them. Dispose
/// it afterwards.
/// </summary>
public sealed class ClusterFiles : IAsyncDisposable
{
    public const string Sums = "SHA256SUMS";

    private readonly OpenCluster _open;
    private readonly IReadOnlyList<NamespacePattern>? _only;
    private readonly bool _isRaw;
    private readonly SortedDictionary<string, string> _hashes = new(StringComparer.Ordinal);

    internal ClusterFiles(OpenCluster open, IReadOnlyList<NamespacePattern>? only, bool isRaw) =>
        (_open, _only, _isRaw) = (open, only, isRaw);

    public async Task<ClusterFilesResult> WriteAsync(IFileSink sink, CancellationToken cancellation = default)
    {
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        var (sets, owned) = (new List<DescribedSet>(), new List<(string, ExportContent)>());
        foreach (var member in _open.Members)
        {
            // What the cluster is made of is described as it is without leftovers, whatever the archive holds.
            var description = await ContentAsync(member, isRaw: false, cancellation);
            owned.Add((member.Name, Without(description, "config")));
            var content = _isRaw ? await ContentAsync(member, isRaw: true, cancellation) : description;
            sets.Add(await ArchiveAsync(member, content, counts, sink, cancellation));
        }

        var merged = ClusterContent.Merge(_open.Layout, owned);
        RestoreScope.Require(merged, _only ?? []);
        var described = new ClusterDescription(
            _open.Cluster.Name,
            _open.Time.ToString(),
            _open.SnapshotId,
            !_isRaw,
            _open.Layout,
            sets,
            merged.Items,
            counts,
            [.. _open.Members.SelectMany(LeftOutOf)]
        );
        await AddAsync(sink, ClusterDescription.FileName, Rendered(described.Write), cancellation);
        await AddAsync(sink, "GUIDE.md", Encoding.UTF8.GetBytes(ClusterGuide.Text(described)), cancellation);
        await AddAsync(sink, "restore.sh", Encoding.UTF8.GetBytes(ClusterGuide.Script(described)), cancellation);
        var sums = string.Concat(_hashes.Select(static one => $"{one.Value}  {one.Key}\n"));
        await AddAsync(sink, Sums, Encoding.UTF8.GetBytes(sums), cancellation);
        return new ClusterFilesResult(_open.Time, sets, described.LeftOut);
    }

    public ValueTask DisposeAsync() => _open.DisposeAsync();

    private Task<ExportContent> ContentAsync(OpenMember member, bool isRaw, CancellationToken cancellation) =>
        ExportContent.OfAsync(
            member.Source.Reader,
            new ExportOptions(Includes: ns =>
                ns.StartsWith("config.", StringComparison.Ordinal) || RestoreScope.Wants(_only, ns)
            )
            {
                IncludeConfig = member.Member.IsConfigServers,
                Owned = isRaw ? null : new OwnedDocuments(_open.Layout, member.Name),
            },
            cancellation
        );

    private static ExportContent Without(ExportContent content, string database) =>
        content with
        {
            Items = [.. content.Items.Where(item => item.Database != database)],
        };

    private async Task<DescribedSet> ArchiveAsync(
        OpenMember member,
        ExportContent content,
        Dictionary<string, long> counts,
        IFileSink sink,
        CancellationToken cancellation
    )
    {
        var counted = content with
        {
            Items =
            [
                .. content.Items.Select(item =>
                    item.DataName is null
                        ? item
                        : item with
                        {
                            Open = () => new CountingCursor(item.Open(), item.Namespace, counts),
                        }
                ),
            ],
        };
        var file = $"{Uri.EscapeDataString(member.Name)}.archive";
        ExportResult? written = null;
        await sink.AddAsync(
            file,
            async output =>
                written = await SnapshotExport.ToStreamAsync(
                    counted,
                    ExportFormat.Archive,
                    output,
                    cancellation: cancellation
                ),
            cancellation
        );
        _hashes[file] = written!.Sha256;
        var identity = member.Source.Reader.Manifest.ReplicaSet;
        return new DescribedSet(
            member.Name,
            identity.Name,
            identity.SetId,
            identity.MongoVersion,
            identity.FeatureCompatibilityVersion,
            member.Source.Optime.ToString(),
            file,
            written.Sha256,
            written.Bytes,
            written.Documents
        )
        {
            Undecided = [.. member.Source.Undecided.Select(static one => one.ToString())],
        };
    }

    /// <summary>Collections that stand on the set and are not of the cluster, and those that could not be followed.</summary>
    private IEnumerable<LeftOut> LeftOutOf(OpenMember member)
    {
        var owned = new OwnedDocuments(_open.Layout, member.Name);
        foreach (var one in RestoreScope.Excluded(member.Source.Reader, _only))
        {
            yield return new LeftOut(member.Name, one.Namespace, one.Reason);
        }

        if (_isRaw)
        {
            yield break;
        }

        foreach (
            var one in member.Source.Reader.Collections.Where(one =>
                UserData.Holds(one) && !owned.Has(one) && RestoreScope.Wants(_only, one.Namespace)
            )
        )
        {
            // A shard without a chunk of it has the collection itself, empty.
            if (!_open.Layout.Collections.ContainsKey(one.Namespace))
            {
                yield return new LeftOut(
                    member.Name,
                    one.Namespace,
                    "it is not sharded, and this shard is not the primary of its database"
                );
            }
        }
    }

    private static byte[] Rendered(Action<Stream> write)
    {
        using var memory = new MemoryStream();
        write(memory);
        return memory.ToArray();
    }

    private Task AddAsync(IFileSink sink, string name, byte[] content, CancellationToken cancellation)
    {
        _hashes[name] = Convert.ToHexStringLower(SHA256.HashData(content));
        return sink.AddAsync(name, output => output.WriteAsync(content, cancellation).AsTask(), cancellation);
    }

    private sealed class CountingCursor(DocumentCursor documents, string ns, Dictionary<string, long> counts)
        : DocumentCursor
    {
        public override ReadOnlyMemory<byte> Current => documents.Current;

        public override async ValueTask<bool> MoveNextAsync(CancellationToken cancellation = default)
        {
            if (!await documents.MoveNextAsync(cancellation))
            {
                return false;
            }

            counts[ns] = counts.GetValueOrDefault(ns) + 1;
            return true;
        }

        public override ValueTask DisposeAsync() => documents.DisposeAsync();
    }
}
