using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using Backup.Blockstore;
using Backup.Snapshots.Exports;
using Backup.Snapshots.Heads;
using Backup.Snapshots.Reading;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.Snapshots;

/// <summary>The same content is the same bytes, whenever and by whichever process it is written: a download that was cut is gone on with in the middle.</summary>
public sealed class ExportBytesTests
{
    // Of what SnapshotAsync makes, uncompressed. These change only with the form itself, and then a download that was begun before cannot be resumed.
    private static readonly Dictionary<ExportFormat, string> Known = new()
    {
        [ExportFormat.Archive] = "34f660d9a6a3b7c08f8e3aa3bcd2fc75d555e0307860e2bafe04461500a9eebc",
        [ExportFormat.Directory] = "3812b3b1f200edab86c20e200178fbce9aa971923cc24c757b2e07d7c2e2ea3c",
        [ExportFormat.Ndjson] = "b63ee813845965df966a0741baa29af3b15f4cc17a20d4379a4b787bfd0bb107",
        [ExportFormat.NdjsonLines] = "11c6f0fd6e124ce73afd25783fbcc76afdc873d206bb4089be2485cdf5533092",
    };

    public static IEnumerable<object[]> Forms() =>
        from format in Enum.GetValues<ExportFormat>()
        from gzip in new[] { false, true }
        select new object[] { format, gzip };

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task Every_form_is_written_again_byte_for_byte(ExportFormat format, bool gzip)
    {
        var first = await WriteAsync(await SnapshotAsync(flushes: 1), format, gzip);
        var again = await WriteAsync(await SnapshotAsync(flushes: 1), format, gzip);
        var merged = await WriteAsync(await SnapshotAsync(flushes: 7), format, gzip);
        again.ShouldBe(first);
        merged.ShouldBe(first, "however many runs the documents come from");
        if (!gzip)
        {
            Convert.ToHexStringLower(SHA256.HashData(first)).ShouldBe(Known[format]);
        }
    }

    [Theory]
    [InlineData(ExportFormat.Archive)]
    [InlineData(ExportFormat.NdjsonLines)]
    public async Task What_is_compressed_as_a_whole_is_the_same_when_it_is_unpacked(ExportFormat format)
    {
        var reader = await SnapshotAsync(flushes: 1);
        var packed = await WriteAsync(reader, format, gzip: true);
        using var unpacked = new MemoryStream();
        await using (var gzip = new GZipStream(new MemoryStream(packed), CompressionMode.Decompress))
        {
            await gzip.CopyToAsync(unpacked);
        }

        unpacked.ToArray().ShouldBe(await WriteAsync(reader, format, gzip: false));
    }

    [Fact]
    public async Task Empty_collections_are_whole_files_when_they_are_compressed()
    {
        using var folder = new TemporaryFolder();
        var bytes = await WriteAsync(await SnapshotAsync(flushes: 0), ExportFormat.Directory, gzip: true);
        await using var entries = new TarReader(new MemoryStream(bytes));
        var count = 0;
        while (await entries.GetNextEntryAsync() is { } entry)
        {
            var file = folder.File($"{count++}.gz");
            await entry.ExtractToFileAsync(file, overwrite: false);
            using var judge = Process.Start("gzip", ["-t", file]);
            await judge.WaitForExitAsync();
            judge.ExitCode.ShouldBe(0, entry.Name);
        }

        count.ShouldBe(6);
    }

    [Fact]
    public async Task A_tar_with_long_names_is_read_by_tar_itself()
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "x.tar");
        var bytes = await WriteAsync(await SnapshotAsync(flushes: 1), ExportFormat.Directory, gzip: false);
        await File.WriteAllBytesAsync(file, bytes);
        using (var tar = Process.Start("tar", ["-xf", file, "-C", folder.Path]))
        {
            await tar.WaitForExitAsync();
            tar.ExitCode.ShouldBe(0);
        }

        var names = new List<string>();
        await using var entries = new TarReader(new MemoryStream(bytes));
        while (await entries.GetNextEntryAsync() is { } entry)
        {
            names.Add(entry.Name);
            using var content = new MemoryStream();
            await entry.DataStream!.CopyToAsync(content);
            (await File.ReadAllBytesAsync(Path.Combine(folder.Path, entry.Name))).ShouldBe(content.ToArray());
        }

        names.Count.ShouldBe(6);
        names.Max(static one => one.Length).ShouldBeGreaterThan(200);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0x1_FFFF_FFFF)]
    [InlineData(0x2_0000_0000)]
    [InlineData(1L << 45)]
    public async Task A_tars_header_holds_any_length(long length)
    {
        var header = TarHeader.Of("db/c.bson", length, DateTimeOffset.UnixEpoch.AddDays(20_000));
        (header.Length % TarHeader.BlockLength).ShouldBe(0);
        await using var reader = new TarReader(
            System.IO.Pipelines.PipeReader.Create(new MemoryStream(header)).AsStream()
        );
        var entry = (await reader.GetNextEntryAsync(copyData: false))!;
        (entry.Name, entry.Length, entry.ModificationTime).ShouldBe(
            ("db/c.bson", length, DateTimeOffset.UnixEpoch.AddDays(20_000))
        );
    }

    private static async Task<byte[]> WriteAsync(SnapshotReader reader, ExportFormat format, bool gzip)
    {
        using var output = new MemoryStream();
        var content = await ExportContent.OfAsync(reader);
        await SnapshotExport.ToStreamAsync(content, format, output, gzip);
        return output.ToArray();
    }

    private static async Task<SnapshotReader> SnapshotAsync(int flushes)
    {
        var store = new MemoryBlockStore();
        using var head = Head.Create(store, Documents.Set);
        var collections = new[] { "orders", "ünï çödé/..", new string('x', 230) }
            .Select(static (name, at) => (Name: name, Uuid: new Guid(at + 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)))
            .ToList();
        foreach (var (name, uuid) in collections)
        {
            head.Catalogue.Set(Documents.Collection(uuid, name));
        }

        for (var flush = 0; flush < flushes; flush++)
        {
            foreach (var (_, uuid) in collections)
            {
                // What is written twice, and what is spread over runs, comes out as if it had been there at once.
                for (var id = flush; id < 2_000; id += flushes)
                {
                    head.Put(uuid, Documents.Of(id, 1).View, isInsert: true);
                }
            }

            if (flush < flushes - 1)
            {
                await head.FlushAsync(default);
            }
        }

        return await SnapshotReader.OpenAsync(store, (await head.FlushAsync(default)).Manifest);
    }
}
