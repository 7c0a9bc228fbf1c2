using Backup.Blockstore;
using Backup.Blockstore.Packs;
using Backup.Foundation.Errors;
using Shouldly;
using Xunit;

namespace Backup.Tests.Blockstore;

/// <summary>A store that a disk has damaged, in every way that disks do: each is found and named, and what is hit is stored anew when it is put again.</summary>
public sealed class StoreCheckTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<byte[]> _raws = Data.Blocks(12);

    public void Dispose() => _folder.Dispose();

    private string Packs => Path.Combine(_folder.Path, "packs");

    private string First => Path.Combine(Packs, "00000001.pack");

    private string Second => Path.Combine(Packs, "00000002.pack");

    [Theory]
    [InlineData("cut short", "00000001.pack", true)]
    [InlineData("cut to nothing", "00000001.pack", true)]
    [InlineData("a bit of the header", "00000001.pack", false)]
    [InlineData("a bit of a block's header", "00000001.pack", true)]
    [InlineData("a bit of a block", "00000001.pack", true)]
    [InlineData("a bit of the list", "00000001.pack", false)]
    [InlineData("a bit of the trailer", "00000001.pack", false)]
    [InlineData("a tail of zeros", "00000001.pack", true)]
    [InlineData("gone", "00000001.pack", true)]
    [InlineData("swapped", "00000001.pack", false)]
    [InlineData("a stranger", "stranger.bin", false)]
    [InlineData("a second copy", "000000ff.pack", false)]
    public async Task Every_damage_to_an_open_store_is_named_and_what_is_put_again_is_whole(
        string damage,
        string where,
        bool loses
    )
    {
        await using var store = await PackBlockStore.OpenAsync(_folder.Path);
        await FillAsync(store);
        Damage(damage);

        var findings = await CheckAsync(store);

        findings.ShouldNotBeEmpty();
        findings.ShouldContain(one => one.Where == where);
        var lost = await LostAsync(store);
        (lost > 0).ShouldBe(loses, $"{lost} lost");
        using (store.Holds.Begin())
        {
            foreach (var raw in _raws)
            {
                await store.PutAsync(raw);
            }
        }

        await store.FlushAsync();
        (await LostAsync(store)).ShouldBe(0);
    }

    [Theory]
    [InlineData("a bit of a block")]
    [InlineData("cut short")]
    [InlineData("a tail of zeros")]
    [InlineData("gone")]
    public async Task What_was_put_again_counts_after_a_kill_and_not_what_is_damaged(string damage)
    {
        await using (var store = await PackBlockStore.OpenAsync(_folder.Path))
        {
            await FillAsync(store);
            Damage(damage);
            await CheckAsync(store);
            foreach (var raw in _raws)
            {
                await store.PutAsync(raw);
            }
        }

        Directory.Delete(Path.Combine(_folder.Path, "index"), recursive: true);
        await using var again = await PackBlockStore.OpenAsync(_folder.Path);
        (await LostAsync(again)).ShouldBe(0);
    }

    [Fact]
    public async Task A_block_that_was_read_damaged_is_written_anew_by_the_next_put()
    {
        await using var store = await PackBlockStore.OpenAsync(_folder.Path);
        await FillAsync(store);
        (await store.PutAsync(_raws[2])).IsNew.ShouldBeFalse();
        Damage("a bit of a block");
        (await LostAsync(store)).ShouldBe(1);
        var hit = _raws[2];
        (await store.PutAsync(hit)).IsNew.ShouldBeTrue();
        (await store.PutAsync(hit)).IsNew.ShouldBeFalse();
        (await LostAsync(store)).ShouldBe(0);
    }

    [Fact]
    public async Task What_a_check_found_is_known_after_a_restart()
    {
        await using (var store = await PackBlockStore.OpenAsync(_folder.Path))
        {
            await FillAsync(store);
            Damage("a bit of a block");
            await CheckAsync(store);
        }

        await using var again = await PackBlockStore.OpenAsync(_folder.Path);
        (await again.PutAsync(_raws[2])).IsNew.ShouldBeTrue();
        (await LostAsync(again)).ShouldBe(0);
    }

    [Fact]
    public async Task A_pack_that_was_brought_back_from_a_copy_counts_again()
    {
        await using var store = await PackBlockStore.OpenAsync(_folder.Path);
        await FillAsync(store);
        var whole = File.ReadAllBytes(First);
        Damage("a bit of a block");
        await CheckAsync(store);
        File.WriteAllBytes(First, whole);
        (await CheckAsync(store)).ShouldBeEmpty();
        (await store.PutAsync(_raws[2])).IsNew.ShouldBeFalse();
    }

    [Fact]
    public async Task Without_reading_data_the_lists_are_looked_at_alone()
    {
        await using var store = await PackBlockStore.OpenAsync(_folder.Path);
        await FillAsync(store);
        Damage("a bit of a block");
        (await CheckAsync(store, new CheckOptions { ReadShare = 0 })).ShouldBeEmpty();
        Damage("a bit of the trailer");
        (await CheckAsync(store, new CheckOptions { ReadShare = 0 })).ShouldNotBeEmpty();
    }

    [Fact]
    public async Task A_damaged_list_of_damages_is_made_again_by_the_next_check()
    {
        await using (var store = await PackBlockStore.OpenAsync(_folder.Path))
        {
            await FillAsync(store);
            Damage("a bit of a block");
            await CheckAsync(store);
        }

        Flip(Path.Combine(_folder.Path, "damaged"), 20);
        await using var again = await PackBlockStore.OpenAsync(_folder.Path);
        (await CheckAsync(again)).Count.ShouldBe(1);
        (await again.PutAsync(_raws[2])).IsNew.ShouldBeTrue();
    }

    /// <summary>Two packs of six blocks each.</summary>
    private async Task FillAsync(PackBlockStore store)
    {
        foreach (var half in _raws.Chunk(6))
        {
            foreach (var raw in half)
            {
                await store.PutAsync(raw);
            }

            await store.FlushAsync();
        }
    }

    private void Damage(string how)
    {
        var length = new FileInfo(First).Length;
        switch (how)
        {
            case "cut short":
                Cut(length / 2);
                break;
            case "cut to nothing":
                Cut(0);
                break;
            case "a bit of the header":
                Flip(First, 3);
                break;
            case "a bit of a block's header":
                Flip(First, PackFormat.HeaderLength + 20);
                break;
            case "a bit of a block":
                // The third one: incompressible and compressible ones stand before it.
                Flip(First, OffsetOf(2) + BlockHeader.Length + 50);
                break;
            case "a bit of the list":
                Flip(First, length - PackFormat.TrailerLength - 10);
                break;
            case "a bit of the trailer":
                Flip(First, length - 5);
                break;
            case "a tail of zeros":
                using (var file = File.OpenWrite(First))
                {
                    file.Position = length / 2;
                    file.Write(new byte[length - (length / 2)]);
                }

                break;
            case "gone":
                File.Delete(First);
                break;
            case "swapped":
                File.Move(First, First + ".x");
                File.Move(Second, First);
                File.Move(First + ".x", Second);
                break;
            case "a stranger":
                File.WriteAllText(Path.Combine(Packs, "stranger.bin"), "hello");
                break;
            case "a second copy":
                File.Copy(First, Path.Combine(Packs, "000000ff.pack"));
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(how), how, null);
        }
    }

    private long OffsetOf(int block)
    {
        using var reader = new PackReader(First);
        return reader.Entries()[block].Offset;
    }

    private void Cut(long length)
    {
        using var file = File.OpenWrite(First);
        file.SetLength(length);
    }

    private async Task<int> LostAsync(IBlockStore store)
    {
        var lost = 0;
        foreach (var raw in _raws)
        {
            try
            {
                using var content = await store.GetAsync(BlockId.Of(raw));
                content.Memory.Span.SequenceEqual(raw).ShouldBeTrue();
            }
            catch (BackupException failure)
                when (failure.Number is BlockstoreErrors.BlockDamaged or BlockstoreErrors.BlockMissing)
            {
                lost++;
            }
        }

        return lost;
    }

    private static async Task<List<StoreFinding>> CheckAsync(PackBlockStore store, CheckOptions? options = null)
    {
        var findings = new List<StoreFinding>();
        var check = await store.CheckAsync(findings.Add, options ?? new CheckOptions());
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
}
