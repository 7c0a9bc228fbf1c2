using Backup.Blockstore;
using Backup.Blockstore.Packs;
using Backup.Foundation.Errors;
using Shouldly;
using Xunit;

namespace Backup.Tests.Blockstore;

/// <summary>Damaged, torn and lost files: every damage is found, and none costs more than what it hit.</summary>
public sealed class PackDamageTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<byte[]> _raws = Data.Blocks(12);

    public void Dispose() => _folder.Dispose();

    private string Pack => Directory.GetFiles(Path.Combine(_folder.Path, "packs")).Order().First();

    [Fact]
    public async Task Blocks_are_there_after_a_clean_close_and_counted()
    {
        await FillAsync();
        await using var store = await OpenAsync();
        store.Statistics.Blocks.ShouldBe(12);
        await ShouldHoldAllAsync(store);
        (await store.PutAsync(_raws[0])).IsNew.ShouldBeFalse();
    }

    [Theory]
    [InlineData("gone")]
    [InlineData("cover")]
    [InlineData("blocks")]
    [InlineData("truncated")]
    public async Task The_index_is_filled_again_from_the_packs(string damage)
    {
        await FillAsync();
        var index = Path.Combine(_folder.Path, "index");
        if (damage == "gone")
        {
            Directory.Delete(index, recursive: true);
        }
        else
        {
            var files = Directory.GetFiles(index, "*", SearchOption.AllDirectories);
            var part = damage == "truncated" ? "blocks" : damage;
            var path = files.First(file => Path.GetFileName(file).Contains(part, StringComparison.Ordinal));
            if (damage == "truncated")
            {
                using var file = File.OpenWrite(path);
                file.SetLength(file.Length / 2);
            }
            else
            {
                Flip(path, new FileInfo(path).Length / 2);
            }
        }

        await using var store = await OpenAsync();
        store.Statistics.Blocks.ShouldBe(12);
        await ShouldHoldAllAsync(store);
    }

    [Fact]
    public async Task An_index_older_than_the_packs_learns_the_new_ones()
    {
        await FillAsync();
        using var other = new TemporaryFolder();
        var late = Data.Random(777, 99);
        await using (var store = await PackBlockStore.OpenAsync(other.Path))
        {
            await store.PutAsync(late);
        }

        File.Copy(
            Directory.GetFiles(Path.Combine(other.Path, "packs")).Single(),
            Path.Combine(_folder.Path, "packs", "0000abcd.pack")
        );
        await using var opened = await OpenAsync();
        opened.Statistics.Blocks.ShouldBe(13);
        await ShouldHoldAllAsync(opened);
        (await opened.ContainsAsync(BlockId.Of(late))).ShouldBeTrue();
    }

    [Fact]
    public async Task A_flipped_bit_anywhere_is_found_and_never_gives_another_block()
    {
        await FillAsync();
        var whole = File.ReadAllBytes(Pack);
        for (long at = 0; at < whole.Length; at += at < 130 || at > whole.Length - 60 ? 9 : 4001)
        {
            Flip(Pack, at);
            Directory.Delete(Path.Combine(_folder.Path, "index"), recursive: true);
            await using (var store = await OpenAsync())
            {
                (await CheckAsync(store)).ShouldNotBeEmpty($"byte {at}");
                var lost = 0;
                foreach (var raw in _raws)
                {
                    lost += await HoldsAsync(store, raw) ? 0 : 1;
                }

                lost.ShouldBeLessThanOrEqualTo(1, $"byte {at}");
            }

            File.WriteAllBytes(Pack, whole);
        }
    }

    [Fact]
    public async Task A_pack_cut_anywhere_keeps_the_blocks_before_the_cut()
    {
        await FillAsync();
        var whole = File.ReadAllBytes(Pack);
        foreach (var length in new[] { 0, 10, 16, 60, whole.Length / 3, whole.Length / 2, whole.Length - 1 })
        {
            File.WriteAllBytes(Pack, whole[..length]);
            await using var store = await OpenAsync();
            (await CheckAsync(store)).ShouldNotBeEmpty($"cut to {length}");
            var held = 0;
            foreach (var raw in _raws)
            {
                held += await HoldsAsync(store, raw) ? 1 : 0;
            }

            held.ShouldBeInRange((length * 12 / whole.Length) - 2, 12);
        }
    }

    [Fact]
    public async Task A_damaged_block_is_named_with_pack_and_offset()
    {
        await FillAsync();
        Flip(Pack, 16 + 56 + 10);
        await using var store = await OpenAsync();
        var failure = await Should.ThrowAsync<BackupException>(async () => await store.GetAsync(BlockId.Of(_raws[0])));
        failure.Number.ShouldBe(BlockstoreErrors.BlockDamaged);
        failure.Message.ShouldContain(Path.GetFileName(Pack));
        failure.Message.ShouldContain("offset 16");
    }

    [Fact]
    public async Task A_lost_pack_is_noticed()
    {
        await FillAsync();
        File.Delete(Pack);
        await using var store = await OpenAsync();
        store.Statistics.Blocks.ShouldBe(0);
        (await store.ContainsAsync(BlockId.Of(_raws[0]))).ShouldBeFalse();
    }

    [Fact]
    public async Task A_killed_writer_loses_what_was_not_flushed_and_nothing_else()
    {
        var store = await OpenAsync();
        await store.PutAsync(_raws[0]);
        await store.FlushAsync();
        await store.PutAsync(_raws[1]);

        // The files as a killed process leaves them: no close, no cover, a pack half written.
        using var copy = new TemporaryFolder();
        CopyFolder(_folder.Path, copy.Path);
        Directory.GetFiles(Path.Combine(copy.Path, "packs")).Length.ShouldBe(2);
        await using (var revived = await PackBlockStore.OpenAsync(copy.Path))
        {
            Directory.GetFiles(Path.Combine(copy.Path, "packs")).Length.ShouldBe(1);
            (await HoldsAsync(revived, _raws[0])).ShouldBeTrue();
            (await revived.ContainsAsync(BlockId.Of(_raws[1]))).ShouldBeFalse();
            (await revived.PutAsync(_raws[1])).IsNew.ShouldBeTrue();
        }

        await store.DisposeAsync();
    }

    [Fact]
    public async Task A_second_process_is_refused()
    {
        await using var store = await OpenAsync();
        (await Should.ThrowAsync<BackupException>(OpenAsync)).Number.ShouldBe(BlockstoreErrors.StoreInUse);
    }

    [Fact]
    public async Task After_a_failed_write_nothing_more_is_taken_until_the_store_is_opened_again()
    {
        await using (var store = await OpenAsync())
        {
            await store.PutAsync(_raws[0]);
            await store.FlushAsync();
            var packs = Path.Combine(_folder.Path, "packs");
            Directory.Move(packs, packs + "-away");
            await Should.ThrowAsync<BackupException>(async () => await store.PutAsync(_raws[1]));
            Directory.Move(packs + "-away", packs);
            var refused = await Should.ThrowAsync<BackupException>(async () => await store.PutAsync(_raws[2]));
            refused.Number.ShouldBe(BlockstoreErrors.WritesStopped);
            (await Should.ThrowAsync<BackupException>(() => store.FlushAsync())).Number.ShouldBe(
                BlockstoreErrors.WritesStopped
            );
            (await HoldsAsync(store, _raws[0])).ShouldBeTrue();
        }

        await using var again = await OpenAsync();
        (await again.PutAsync(_raws[1])).IsNew.ShouldBeTrue();
        (await HoldsAsync(again, _raws[0])).ShouldBeTrue();
    }

    [Fact]
    public async Task The_bytes_of_a_released_pack_are_read_for_ever()
    {
        var frozen = Path.Combine(AppContext.BaseDirectory, "frozen", "v1.pack");
        Directory.CreateDirectory(Path.Combine(_folder.Path, "packs"));
        File.Copy(frozen, Path.Combine(_folder.Path, "packs", "00000001.pack"));
        await using var store = await OpenAsync();
        store.Statistics.Blocks.ShouldBe(2);
        (await CheckAsync(store)).ShouldBeEmpty();
        (await HoldsAsync(store, [.. "frozen"u8])).ShouldBeTrue();
        (await HoldsAsync(store, new byte[1000])).ShouldBeTrue();
    }

    private Task<PackBlockStore> OpenAsync() => PackBlockStore.OpenAsync(_folder.Path);

    private async Task FillAsync()
    {
        await using var store = await OpenAsync();
        foreach (var raw in _raws)
        {
            await store.PutAsync(raw);
        }
    }

    private async Task ShouldHoldAllAsync(IBlockStore store)
    {
        foreach (var raw in _raws)
        {
            (await HoldsAsync(store, raw)).ShouldBeTrue();
        }
    }

    // False only where the store says that it is damaged or not there; another content fails the test.
    private static async Task<bool> HoldsAsync(IBlockStore store, byte[] raw)
    {
        try
        {
            using var content = await store.GetAsync(BlockId.Of(raw));
            content.Memory.Span.SequenceEqual(raw).ShouldBeTrue();
            return true;
        }
        catch (BackupException failure)
            when (failure.Number is BlockstoreErrors.BlockDamaged or BlockstoreErrors.BlockMissing)
        {
            return false;
        }
    }

    private static async Task<List<StoreFinding>> CheckAsync(IBlockStore store)
    {
        var findings = new List<StoreFinding>();
        var check = await store.CheckAsync(findings.Add);
        check.Findings.ShouldBe(findings.Count);
        return findings;
    }

    private static void Flip(string path, long at)
    {
        using var file = File.Open(path, FileMode.Open, FileAccess.ReadWrite);
        file.Position = at;
        var one = file.ReadByte();
        file.Position = at;
        file.WriteByte((byte)(one ^ 0x10));
    }

    private static void CopyFolder(string from, string to)
    {
        foreach (var path in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, path));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            // The lock file cannot be read while it is held.
            if (Path.GetFileName(path) != "lock")
            {
                File.WriteAllBytes(target, ReadShared(path));
            }
        }
    }

    // flock is advisory: a copy by another program sees the bytes; so does cp here.
    private static byte[] ReadShared(string path)
    {
        using var cat = System.Diagnostics.Process.Start(
            new System.Diagnostics.ProcessStartInfo("cat", [path])
            {
                RedirectStandardOutput = true,
                UseShellExecute = false,
            }
        )!;
        using var bytes = new MemoryStream();
        cat.StandardOutput.BaseStream.CopyTo(bytes);
        cat.WaitForExit();
        return bytes.ToArray();
    }
}
