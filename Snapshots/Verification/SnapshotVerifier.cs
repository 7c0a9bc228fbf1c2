using System.Security.Cryptography;
using System.Text;
using Backup.Oplog.Catalogues;
using Backup.Snapshots.Exports;
using Backup.Snapshots.Manifests;
using Backup.Snapshots.Reading;

namespace Backup.Snapshots.Verification;

/// <summary>Reads a snapshot whole: every block is fetched, its hash checked, every document decoded, counted and hashed.</summary>
public static class SnapshotVerifier
{
    /// <param name="snapshot">What to read.</param>
    /// <param name="progress">Told documents and bytes so far, every few megabytes; may be null.</param>
    /// <param name="cancellation">Stops between documents.</param>
    public static async Task<VerificationReport> VerifyAsync(
        SnapshotReader snapshot,
        IProgress<ReadProgress>? progress = null,
        CancellationToken cancellation = default
    )
    {
        using var whole = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var told = new ProgressTeller(progress, snapshot.Manifest.Statistics.DocumentBytes);
        var databases = new List<VerifiedDatabase>();
        var (documents, bytes) = (0L, 0L);
        foreach (var database in snapshot.Collections.GroupBy(one => one.Database))
        {
            var collections = new List<VerifiedCollection>();
            foreach (var collection in database.Where(one => one.Type != CollectionType.View))
            {
                var verified = await VerifyAsync(snapshot, collection, whole, told, cancellation);
                collections.Add(verified);
                if (UserData.Holds(collection))
                {
                    documents += verified.Documents;
                    bytes += verified.Bytes;
                }
            }

            databases.Add(
                new VerifiedDatabase(
                    database.Key,
                    DatabaseMd5(snapshot.Manifest.ReplicaSet, database.Key, collections),
                    collections
                )
            );
        }

        return new VerificationReport(databases, documents, bytes, Convert.ToHexStringLower(whole.GetHashAndReset()))
        {
            Collated = [.. snapshot.Collections.Where(IsCollated).Select(collection => collection.Namespace)],
        };
    }

    private static async Task<VerifiedCollection> VerifyAsync(
        SnapshotReader snapshot,
        CatalogueCollection collection,
        IncrementalHash whole,
        ProgressTeller told,
        CancellationToken cancellation
    )
    {
        // The server's dbHash is MD5 by its definition; nothing rests on its strength here.
        using var md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        whole.AppendData(Encoding.UTF8.GetBytes(collection.Namespace + "\0"));
        var (documents, bytes) = (told.Documents, told.Bytes);
        await using var cursor = await snapshot.OpenInIdOrderAsync(collection.Uuid, default, cancellation);
        while (await cursor.MoveNextAsync(cancellation))
        {
            md5.AppendData(cursor.Current.Span);
            whole.AppendData(cursor.Current.Span);
            told.Add(collection.Namespace, cursor.Current.Length);
            cancellation.ThrowIfCancellationRequested();
        }

        return new VerifiedCollection(
            collection.Namespace,
            told.Documents - documents,
            told.Bytes - bytes,
            Convert.ToHexStringLower(md5.GetHashAndReset())
        );
    }

    /// <summary>Not buckets: the collation of a time series stands in their options, but their <c>_id</c>s have no text.</summary>
    private static bool IsCollated(CatalogueCollection collection) =>
        collection.Type == CollectionType.Collection && collection.Options.View.Has("collation"u8);

    /// <summary>
    /// As the server's dbHash: the MD5 of the collections' hashes as hex text, in order of their names. Up to FCV 4.2 it leaves
    /// out every <c>system.</c> collection but a few, from 4.4 on only those that are not replicated.
    /// Source: mongo/db/commands/dbhash.cpp, mongo/db/namespace_string.cpp.
    /// </summary>
    private static string DatabaseMd5(
        ReplicaSetIdentity set,
        string database,
        IReadOnlyCollection<VerifiedCollection> collections
    )
    {
        using var md5 = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        var isOld = set.FeatureCompatibilityVersion is "3.4" or "3.6" or "4.0" or "4.2";
        foreach (var collection in collections.OrderBy(one => one.Namespace, StringComparer.Ordinal))
        {
            var name = collection.Namespace[(database.Length + 1)..];
            var isSystem = name.StartsWith("system.", StringComparison.Ordinal);
            if (!isSystem || (isOld ? IsHashedUpTo42(name) : name != "system.profile"))
            {
                md5.AppendData(Encoding.ASCII.GetBytes(collection.Md5));
            }
        }

        return Convert.ToHexStringLower(md5.GetHashAndReset());
    }

    private static bool IsHashedUpTo42(string name) =>
        name
            is "system.backup_users"
                or "system.js"
                or "system.new_users"
                or "system.roles"
                or "system.users"
                or "system.version"
                or "system.views";
}
