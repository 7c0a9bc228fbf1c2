using System.Security.Cryptography;
using System.Text;
using Backup.Foundation;
using Backup.MongoWire.Bson;
using Backup.Oplog;
using Backup.Oplog.Catalogues;

namespace Backup.Tests.Golden;

/// <summary>
/// Replays a recording onto a target and says where the result differs from what the server showed: documents byte for byte and in order,
/// options, indexes, views, and the server's own dbHash.
/// </summary>
public sealed class GoldenRunner(Recording recording, IGoldenTarget target)
{
    private readonly Catalogue _catalogue = new();
    private readonly List<string> _differences = [];

    /// <summary>Entries replayed.</summary>
    public int Entries { get; private set; }

    /// <returns>Nothing where all is equal; else a line for each difference.</returns>
    public IReadOnlyList<string> Run()
    {
        target.Attach(_catalogue);
        foreach (var start in recording.ReadState(recording.Start).Where(c => !c.IsView))
        {
            _catalogue.Set(start.Collection);
            target.Load(start.Collection, start.Documents);
        }

        using var replayer = new OplogReplayer(
            _catalogue,
            target,
            new OplogReplayerOptions
            {
                Mode = recording.CopyEnd is null ? ReplayMode.Consistent : ReplayMode.CatchingUp,
                FeatureCompatibilityVersion = string.Join('.', recording.Version.Split('.')[..2]),
                Includes = recording.Includes,
            }
        );
        using var entries = recording.Oplog().GetEnumerator();
        var more = entries.MoveNext();
        foreach (var checkpoint in recording.Checkpoints)
        {
            while (more && OplogEntry.Read(entries.Current.View).Optime <= checkpoint.At)
            {
                replayer.Apply(entries.Current.Memory);
                if (recording.CopyEnd is { } end && replayer.Position >= end)
                {
                    replayer.Mode = ReplayMode.Consistent;
                }

                Entries++;
                more = entries.MoveNext();
            }

            Compare(checkpoint);
        }

        return _differences;
    }

    private void Compare(Checkpoint checkpoint)
    {
        var expected = recording.ReadState(checkpoint.Name);
        var shown = expected.Where(c => !c.IsView).Select(c => c.Collection.Namespace).ToHashSet();
        foreach (
            var surplus in _catalogue.Collections.Where(c =>
                recording.Includes(c.Namespace) && !shown.Contains(c.Namespace)
            )
        )
        {
            Differ(checkpoint, surplus.Namespace, "is there, and the server has none");
        }

        var views = Views();
        var hashes = new Dictionary<string, string>();
        foreach (var collection in expected)
        {
            var ns = collection.Collection.Namespace;
            if (collection.IsView)
            {
                var isEqual = views.TryGetValue(ns, out var options) && options == collection.Collection.Options;
                Require(isEqual, checkpoint, ns, "the view is defined otherwise");
            }
            else
            {
                hashes[ns] = CompareCollection(checkpoint, collection);
            }
        }

        CompareHashes(checkpoint, hashes);
    }

    /// <returns>The collection's hash as the server makes it.</returns>
    private string CompareCollection(Checkpoint checkpoint, RecordedCollection expected)
    {
        var ns = expected.Collection.Namespace;
        if (_catalogue.Find(expected.Collection.Uuid) is not { } actual)
        {
            Differ(checkpoint, ns, "is missing");
            return "";
        }

        Require(actual.Namespace == ns, checkpoint, ns, $"has the name {actual.Namespace}");
        Require(
            actual.Options == expected.Collection.Options,
            checkpoint,
            ns,
            $"options {Text(actual.Options)}, the server's {Text(expected.Collection.Options)}"
        );
        CompareIndexes(checkpoint, expected, actual);
        var documents = target.Read(actual);
        // The order of text under a collation is the server's secret: there the documents are compared without their order.
        var isCollated = actual.Options.View.Has("collation"u8);
        var isUnordered = isCollated || (actual.IsCapped && !recording.HasNaturalOrder);
        var left = isUnordered ? [.. documents.Order(IdOrder.Instance)] : documents;
        var right = isUnordered ? [.. expected.Documents.Order(IdOrder.Instance)] : expected.Documents;
        CompareDocuments(checkpoint, ns, left, right);
        return Hash(isCollated ? expected.Documents : [.. documents.Order(IdOrder.Instance)]);
    }

    private void CompareIndexes(Checkpoint checkpoint, RecordedCollection expected, CatalogueCollection actual)
    {
        var ns = actual.Namespace;
        var wanted = expected.Collection.Indexes;
        Require(
            actual.Indexes.Count == wanted.Count,
            checkpoint,
            ns,
            $"{actual.Indexes.Count} indexes, the server's {wanted.Count}"
        );
        foreach (var (index, want) in actual.Indexes.Zip(wanted))
        {
            Require(index == want, checkpoint, ns, $"index {Text(index)}, the server's {Text(want)}");
        }
    }

    private void CompareDocuments(
        Checkpoint checkpoint,
        string ns,
        IReadOnlyList<BsonDocument> actual,
        IReadOnlyList<BsonDocument> expected
    )
    {
        Require(
            actual.Count == expected.Count,
            checkpoint,
            ns,
            $"{actual.Count} documents, the server's {expected.Count}"
        );
        foreach (var (have, want) in actual.Zip(expected))
        {
            if (have != want)
            {
                Differ(checkpoint, ns, $"document {Text(have)}, the server's {Text(want)}");
                return;
            }
        }
    }

    private void CompareHashes(Checkpoint checkpoint, Dictionary<string, string> actual)
    {
        foreach (var (database, collections) in checkpoint.Hashes)
        {
            foreach (var (name, hash) in collections.Where(c => c.Key.Length > 0))
            {
                var ns = $"{database}.{name}";
                if (CopiedNamespaces.Includes(ns))
                {
                    Require(actual.GetValueOrDefault(ns) == hash, checkpoint, ns, "has another dbHash");
                }
            }

            if (collections.TryGetValue("", out var whole))
            {
                var names = collections.Keys.Where(name => name.Length > 0).Order(StringComparer.Ordinal);
                var hashes = string.Concat(names.Select(name => actual.GetValueOrDefault($"{database}.{name}")));
                Require(Md5(Encoding.ASCII.GetBytes(hashes)) == whole, checkpoint, database, "has another dbHash");
            }
        }
    }

    /// <summary>The views that the documents of system.views define.</summary>
    private Dictionary<string, BsonDocument> Views()
    {
        var views = new Dictionary<string, BsonDocument>();
        foreach (var holder in _catalogue.Collections.Where(c => c.Name == "system.views"))
        {
            foreach (var document in target.Read(holder))
            {
                var view = ViewDefinition.Read(document.View)!;
                views[view.Namespace] = view.Options;
            }
        }

        return views;
    }

    private static string Hash(IReadOnlyList<BsonDocument> documents)
    {
#pragma warning disable CA5351 // MD5 is what dbHash is made of.
        using var md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
#pragma warning restore CA5351
        foreach (var document in documents)
        {
            md5.AppendData(document.Span);
        }

        return Convert.ToHexStringLower(md5.GetHashAndReset());
    }

#pragma warning disable CA5351
    private static string Md5(byte[] bytes) => Convert.ToHexStringLower(MD5.HashData(bytes));
#pragma warning restore CA5351

    private void Require(bool isEqual, Checkpoint checkpoint, string ns, string what)
    {
        if (!isEqual)
        {
            Differ(checkpoint, ns, what);
        }
    }

    private void Differ(Checkpoint checkpoint, string ns, string what) =>
        _differences.Add($"{recording.Name}, {checkpoint.Name}: {ns}: {what}");

    private static string Text(BsonDocument document)
    {
        var text = ExtendedJson.ToText(document.View, ExtendedJsonMode.Canonical);
        return text.Length <= 400 ? text : text[..400] + "…";
    }
}
