using System.Security.Cryptography;
using System.Text.Json;
using Backup.Tests.Support;
using Shouldly;

namespace Backup.Tests.EndToEnd;

/// <summary>Holds a snapshot against the source it was taken of: the server's own hash of each collection is that of the restored file.</summary>
internal static class RestoreCheck
{
    /// <summary>Takes a snapshot of a source that is quiet now, verifies and restores it, and compares with the source's dbHash.</summary>
    /// <returns>The snapshot as the command gave it.</returns>
    internal static async Task<JsonElement> SnapshotEqualsSourceAsync(
        ApplianceProcess appliance,
        TestSource source,
        string replicaSet = "rs0"
    )
    {
        var hashes = await source.HashesAsync();
        var catalogue = await CatalogueCheck.ReadSourceAsync(source, hashes.Keys);
        var snapshot = (await appliance.RunAsync("snapshot", replicaSet, "--wait")).Succeeded().Json;
        await DirectoryEqualsAsync(appliance, snapshot, hashes, replicaSet, catalogue);
        await VerificationEqualsAsync(appliance, snapshot, hashes);
        return snapshot;
    }

    internal static async Task VerificationEqualsAsync(
        ApplianceProcess appliance,
        JsonElement snapshot,
        IReadOnlyDictionary<string, DatabaseHash> hashes
    )
    {
        var verified = (await appliance.RunAsync("verify", Id(snapshot))).Succeeded().Json;
        verified.GetProperty("documents").GetInt64().ShouldBe(snapshot.GetProperty("documents").GetInt64());
        var databases = verified.GetProperty("databases");
        foreach (var (name, hash) in hashes)
        {
            databases.GetProperty(name).GetString().ShouldBe(hash.Md5, $"the hash of the database {name}");
        }
    }

    /// <param name="hashes">By database; of those that are not in it nothing is compared.</param>
    /// <param name="catalogue">As <see cref="CatalogueCheck"/> gives it; null: only documents are compared.</param>
    internal static async Task DirectoryEqualsAsync(
        ApplianceProcess appliance,
        JsonElement snapshot,
        IReadOnlyDictionary<string, DatabaseHash> hashes,
        string replicaSet = "rs0",
        SortedDictionary<string, string>? catalogue = null
    )
    {
        using var folder = new TemporaryFolder();
        var output = folder.File("dump");
        var restored = (
            await appliance.RunAsync(
                "restore",
                replicaSet,
                "--snapshot",
                Id(snapshot),
                "--format",
                "directory",
                "--output",
                output
            )
        )
            .Succeeded()
            .Json;
        restored.GetProperty("ok").GetBoolean().ShouldBeTrue();
        restored.GetProperty("documents").GetInt64().ShouldBe(snapshot.GetProperty("documents").GetInt64());
        var (found, documents) = ReadDirectory(output);
        ShouldBeSame(found.Where(pair => hashes.ContainsKey(pair.Key.Database)).ToDictionary(), Flat(hashes));
        documents.ShouldBe(restored.GetProperty("documents").GetInt64());
        if (catalogue is not null)
        {
            CatalogueCheck.ShouldBeSame(CatalogueCheck.ReadDirectory(output, hashes.Keys.ToHashSet()), catalogue);
        }
    }

    internal static string Id(JsonElement snapshot) => snapshot.GetProperty("id").GetString()!;

    /// <summary>Each collection's hash as the server names it, in one dictionary.</summary>
    internal static Dictionary<(string Database, string Collection), string> Flat(
        IReadOnlyDictionary<string, DatabaseHash> hashes
    ) =>
        hashes
            .SelectMany(database => database.Value.Collections.Select(pair => ((database.Key, pair.Key), pair.Value)))
            .ToDictionary(pair => pair.Item1, pair => pair.Value);

    /// <summary>Fails with the names of the collections that differ.</summary>
    internal static void ShouldBeSame(
        Dictionary<(string Database, string Collection), string> restored,
        Dictionary<(string Database, string Collection), string> source
    ) =>
        source
            .Keys.Union(restored.Keys)
            .Where(name => source.GetValueOrDefault(name) != restored.GetValueOrDefault(name))
            .Select(name =>
                $"{name}: source {source.GetValueOrDefault(name, "no such collection")}, restored {restored.GetValueOrDefault(name, "no such collection")}"
            )
            .ShouldBeEmpty();

    /// <summary>MD5 of every <c>.bson</c>, under the names that the metadata beside it tells; and how many documents there are.</summary>
    internal static (Dictionary<(string Database, string Collection), string> Hashes, long Documents) ReadDirectory(
        string folder
    )
    {
        var (hashes, documents) = (new Dictionary<(string, string), string>(), 0L);
        foreach (var file in Directory.EnumerateFiles(folder, "*.bson", SearchOption.AllDirectories))
        {
            var metadata = File.ReadAllText(Path.ChangeExtension(file, null) + ".metadata.json");
            var collection = JsonDocument.Parse(metadata).RootElement.GetProperty("collectionName").GetString()!;
            var database = Path.GetFileName(Path.GetDirectoryName(file))!;
            using var content = File.OpenRead(file);
            hashes[(database, collection)] = Convert.ToHexStringLower(MD5.HashData(content));
            documents += Count(file);
        }

        return (hashes, documents);
    }

    private static long Count(string file)
    {
        using var reader = new BinaryReader(File.OpenRead(file));
        var count = 0L;
        for (; reader.BaseStream.Position < reader.BaseStream.Length; count++)
        {
            reader.BaseStream.Seek(reader.ReadInt32() - sizeof(int), SeekOrigin.Current);
        }

        return count;
    }
}
