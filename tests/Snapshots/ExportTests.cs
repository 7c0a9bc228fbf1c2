using System.Buffers.Binary;
using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text;
using Backup.Blockstore;
using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Backup.Snapshots;
using Backup.Snapshots.Exports;
using Backup.Snapshots.Heads;
using Backup.Snapshots.Reading;
using Backup.Snapshots.Verification;
using Shouldly;
using Xunit;

namespace Backup.Tests.Snapshots;

public sealed class ExportTests
{
    [Fact]
    public void The_checksum_is_that_of_the_XZ_format()
    {
        var crc = default(Crc64);
        crc.Append("12345"u8);
        crc.Append("6789"u8);
        crc.Value.ShouldBe(0x995DC9BBDF1939FA);
    }

    [Fact]
    public async Task An_archive_read_by_its_own_rules_holds_every_document_with_its_checksum()
    {
        var reader = await SnapshotAsync(3_000);
        using var output = new MemoryStream();

        var result = await SnapshotExport.ToStreamAsync(reader, ExportFormat.Archive, output);

        var raw = output.ToArray();
        result.Bytes.ShouldBe(raw.Length);
        result.Documents.ShouldBe(3_000);
        result.Sha256.ShouldBe(Convert.ToHexStringLower(SHA256.HashData(raw)));
        ParseArchive(raw).ShouldBe(Enumerable.Range(0, 3_000).Select(id => Documents.Of(id, 1)));
    }

    [Theory]
    [InlineData(ExportFormat.Directory, "db/orders.bson")]
    [InlineData(ExportFormat.Ndjson, "db/orders.ndjson")]
    public async Task A_tar_holds_the_same_files_as_a_folder(ExportFormat format, string path)
    {
        var reader = await SnapshotAsync(500);
        using var folder = new Backup.Tests.Support.TemporaryFolder();
        var target = Path.Combine(folder.Path, "out");
        using var tar = new MemoryStream();

        await SnapshotExport.ToFolderAsync(reader, format, target);
        await SnapshotExport.ToStreamAsync(reader, format, tar);

        tar.Position = 0;
        await using var entries = new TarReader(tar);
        var names = new List<string>();
        while (await entries.GetNextEntryAsync() is { } entry)
        {
            names.Add(entry.Name);
            using var content = new MemoryStream();
            await entry.DataStream!.CopyToAsync(content);
            content.ToArray().ShouldBe(await File.ReadAllBytesAsync(Path.Combine(target, entry.Name)));
        }

        names.ShouldBe(["db/orders.metadata.json", path]);
    }

    /// <summary>mongorestore decodes the names of collections, and takes those of databases as they stand.</summary>
    [Theory]
    [InlineData("shop")]
    [InlineData("50%25 off")]
    [InlineData("größe:a*b?<c>|+=@")]
    public async Task A_databases_folder_has_its_name_as_it_stands(string name)
    {
        var database = name.Replace(' ', '_');
        var content = await ContentAsync(database, "a b/c", "{}");
        using var folder = new Backup.Tests.Support.TemporaryFolder();
        using var tar = new MemoryStream();
        await SnapshotExport.ToStreamAsync(content, ExportFormat.Directory, tar);

        tar.Position = 0;
        await TarFile.ExtractToDirectoryAsync(tar, folder.Path, overwriteFiles: false);

        Directory
            .EnumerateFiles(folder.Path, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(folder.Path, path))
            .Order(StringComparer.Ordinal)
            .ShouldBe([$"{database}/a%20b%2Fc.bson", $"{database}/a%20b%2Fc.metadata.json"]);
    }

    [Theory]
    [InlineData("..")]
    [InlineData("../up")]
    [InlineData("a/b")]
    [InlineData("a\\b")]
    [InlineData("a b")]
    [InlineData("a\nb")]
    [InlineData("")]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890123")]
    public async Task A_databases_name_that_no_folder_may_have_is_refused_before_anything_is_written(string database)
    {
        var content = await ContentAsync(database, "c", "{}");
        using var tar = new MemoryStream();

        var refused = await Should.ThrowAsync<BackupException>(() =>
            SnapshotExport.ToStreamAsync(content, ExportFormat.Directory, tar)
        );

        refused.Number.ShouldBe(SnapshotsErrors.FolderNameWrong);
        tar.Length.ShouldBe(0);
        await SnapshotExport.ToStreamAsync(content, ExportFormat.Archive, tar);
    }

    [Theory]
    [InlineData(ExportFormat.Ndjson)]
    [InlineData(ExportFormat.NdjsonLines)]
    public async Task A_time_series_is_not_written_as_lines_of_its_buckets(ExportFormat format)
    {
        var content = await ContentAsync("shop", "system.buckets.series", """{"timeseries":{"timeField":"at"} }""");
        using var output = new MemoryStream();

        var refused = await Should.ThrowAsync<BackupException>(() =>
            SnapshotExport.ToStreamAsync(content, format, output)
        );

        refused.Number.ShouldBe(SnapshotsErrors.SeriesNotAsLines);
        refused.Message.ShouldContain("'shop.series'");
        output.Length.ShouldBe(0);
        await SnapshotExport.ToStreamAsync(content, ExportFormat.Directory, output);
    }

    [Fact]
    public async Task Verification_gives_the_servers_hash()
    {
        var report = await SnapshotVerifier.VerifyAsync(await SnapshotAsync(10));

        var bytes = Enumerable.Range(0, 10).SelectMany(id => Documents.Of(id, 1).Memory.ToArray()).ToArray();
        report.Databases[0].Collections[0].Md5.ShouldBe(Convert.ToHexStringLower(MD5.HashData(bytes)));
        report.Documents.ShouldBe(10);
    }

    [Theory]
    [InlineData("4.2", new[] { "orders", "system.js" })]
    [InlineData("4.4", new[] { "orders", "system.buckets.x", "system.js" })]
    public async Task A_databases_hash_counts_the_collections_that_the_servers_counts(string fcv, string[] counted)
    {
        var store = new MemoryBlockStore();
        using var head = Head.Create(store, Documents.Set with { FeatureCompatibilityVersion = fcv });
        foreach (var (at, name) in new[] { "system.profile", "system.js", "system.buckets.x", "orders" }.Index())
        {
            var uuid = Guid.NewGuid();
            head.Catalogue.Set(Documents.Collection(uuid, name));
            head.Put(uuid, Documents.Of(at, 1).View, isInsert: true);
        }

        var reader = await SnapshotReader.OpenAsync(store, (await head.FlushAsync(default)).Manifest);
        var database = (await SnapshotVerifier.VerifyAsync(reader)).Databases[0];

        var hashes = counted.Select(name => database.Collections.Single(one => one.Namespace == "db." + name).Md5);
        database.Md5.ShouldBe(Convert.ToHexStringLower(MD5.HashData(Encoding.ASCII.GetBytes(string.Concat(hashes)))));
    }

    private static async Task<ExportContent> ContentAsync(string database, string collection, string options)
    {
        var store = new MemoryBlockStore();
        var uuid = Guid.NewGuid();
        using var head = Head.Create(store, Documents.Set);
        head.Catalogue.Set(
            Documents.Collection(uuid, collection) with
            {
                Database = database,
                Options = ExtendedJson.Parse(options),
            }
        );
        head.Put(uuid, Documents.Of(1, 1).View, isInsert: true);
        return await ExportContent.OfAsync(
            await SnapshotReader.OpenAsync(store, (await head.FlushAsync(default)).Manifest)
        );
    }

    private static async Task<SnapshotReader> SnapshotAsync(int documents)
    {
        var store = new MemoryBlockStore();
        var uuid = Guid.NewGuid();
        using var head = Head.Create(store, Documents.Set);
        head.Catalogue.Set(Documents.Collection(uuid, "orders"));
        for (var id = 0; id < documents; id++)
        {
            head.Put(uuid, Documents.Of(id, 1).View, isInsert: true);
        }

        return await SnapshotReader.OpenAsync(store, (await head.FlushAsync(default)).Manifest);
    }

    /// <summary>A second reading of the format's description, written without a look at the writer.</summary>
    private static List<BsonDocument> ParseArchive(byte[] raw)
    {
        var at = 4;
        BinaryPrimitives.ReadUInt32LittleEndian(raw).ShouldBe(0x8199E26Du);
        Next().View["version"u8].AsString.ShouldBe("0.1");
        var metadata = Next();
        metadata.View["db"u8].AsString.ShouldBe("db");
        ExtendedJson.Parse(metadata.View["metadata"u8].AsString).View["collectionName"u8].AsString.ShouldBe("orders");
        Ends().ShouldBeTrue();
        var documents = new List<BsonDocument>();
        var crc = default(Crc64);
        while (true)
        {
            var header = Next();
            header.View["collection"u8].AsString.ShouldBe("orders");
            if (header.View["EOF"u8].AsBoolean)
            {
                header.View["CRC"u8].AsInt64.ShouldBe((long)crc.Value);
                Ends().ShouldBeTrue();
                at.ShouldBe(raw.Length);
                return documents;
            }

            while (!Ends())
            {
                documents.Add(Next());
                crc.Append(documents[^1].Span);
            }
        }

        BsonDocument Next()
        {
            var document = new BsonDocument(raw.AsMemory(at));
            at += document.Length;
            return document;
        }

        bool Ends()
        {
            if (BinaryPrimitives.ReadInt32LittleEndian(raw.AsSpan(at)) != -1)
            {
                return false;
            }

            at += 4;
            return true;
        }
    }
}
