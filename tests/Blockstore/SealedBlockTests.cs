using Backup.Blockstore;
using Backup.Blockstore.Packs;
using Backup.Blockstore.Sealing;
using Backup.Foundation.Errors;
using Shouldly;
using Xunit;

namespace Backup.Tests.Blockstore;

/// <summary>Sealed blocks where they are stored: read for ever, changed nowhere unnoticed, checked without keys.</summary>
public sealed class SealedBlockTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly byte[] _raw = Data.Compressible(2000, 7);

    public void Dispose() => _folder.Dispose();

    private static readonly SealingKey Frozen = new(
        KeyIdOf("1122334455667788"),
        "g1",
        1,
        [.. Enumerable.Range(0, 32).Select(static n => (byte)n)],
        [.. Enumerable.Range(32, 32).Select(static n => (byte)n)]
    );

    /// <summary>Made by another program from docs/formats alone: a block stored raw and one that is zstd.</summary>
    [Fact]
    public async Task A_sealed_pack_of_version_1_is_read_for_ever()
    {
        var packs = Directory.CreateDirectory(Path.Combine(_folder.Path, "packs")).FullName;
        File.Copy(
            Path.Combine(AppContext.BaseDirectory, "frozen", "sealed-v1.pack"),
            Path.Combine(packs, "00000001.pack")
        );
        byte[] first = [.. Enumerable.Range(0, 1000).Select(static n => (byte)((n * 7) + 3))];
        var second = Enumerable
            .Repeat("the quick brown fox jumps over the lazy dog. "u8.ToArray(), 40)
            .SelectMany(static text => text)
            .ToArray();
        await using var store = await OpenAsync(new OneKey(Frozen));
        foreach (
            var (id, raw) in new[]
            {
                ("e4af3b0e335553d867664bcbae4099a06658ae1c93cff287b25f92336a3189e9", first),
                ("186f27fa1d362064d66843c3c52706857f52e0e9e4ccf7ffe62cd0c73709ce87", second),
            }
        )
        {
            BlockId.TryParse(id, out var block).ShouldBeTrue();
            using var read = await store.GetAsync(block);
            read.Memory.ToArray().ShouldBe(raw);
            (await store.PutAsync(raw, new BlockSealer(Frozen))).ShouldSatisfyAllConditions(
                put => put.IsNew.ShouldBeFalse(),
                put => put.Id.ShouldBe(block)
            );
        }
    }

    [Fact]
    public void Every_flipped_byte_of_a_sealed_block_is_found()
    {
        foreach (var raw in new[] { _raw, Data.Random(700, 1) })
        {
            var id = Frozen.IdOf(raw);
            using var stored = BlockCodecs.Encode(new BlockSealer(Frozen), id, raw, 3);
            var keys = new OneKey(Frozen);
            BlockCodecs.Decode(keys, id, stored.Span, "here").Span.SequenceEqual(raw).ShouldBeTrue();
            for (var at = 0; at < stored.Length; at++)
            {
                var damaged = stored.Span.ToArray();
                damaged[at] ^= 0x10;
                BlockCodecs.IsIntact(id, damaged).ShouldBeFalse($"byte {at}");
                var failure = Should.Throw<BackupException>(() => BlockCodecs.Decode(keys, id, damaged, "here"));
                failure.Number.ShouldBe(BlockstoreErrors.BlockDamaged, $"byte {at}");
                // Whoever can write to the disk can make the checksums fit, which mends nothing but the checksums.
                if (at is >= BlockHeader.FrontLength and < BlockHeader.Length)
                {
                    continue;
                }

                Mend(damaged);
                Should.Throw<BackupException>(() => BlockCodecs.Decode(keys, id, damaged, "here"), $"byte {at}");
            }
        }
    }

    [Fact]
    public void A_sealed_block_is_not_taken_for_a_plain_one_nor_the_other_way()
    {
        var id = Frozen.IdOf(_raw);
        using var plain = BlockCodecs.Encode(BlockSealer.Plain, id, _raw, 3);
        // A plain block under an id of the group: whoever has no key cannot put one in the place of a sealed one.
        Should
            .Throw<BackupException>(() => BlockCodecs.Decode(new OneKey(Frozen), id, plain.Span, "here"))
            .Number.ShouldBe(BlockstoreErrors.BlockDamaged);
    }

    [Fact]
    public async Task Nothing_of_the_content_is_in_the_files()
    {
        var ring = await Rings.OpenAsync(new KeysInMemory());
        var marker = "a marker that nobody may read"u8.ToArray();
        byte[] raw = [.. marker, .. Data.Random(5000, 1)];
        await using (var store = await OpenAsync(ring))
        {
            await new GroupBlockStore(store, ring, "g1").PutAsync(raw);
        }

        foreach (var file in Directory.EnumerateFiles(_folder.Path, "*", SearchOption.AllDirectories))
        {
            var bytes = File.ReadAllBytes(file);
            bytes.AsSpan().IndexOf(marker.AsSpan(0, 8)).ShouldBe(-1, file);
            bytes.AsSpan().IndexOf(raw.AsSpan(3000, 8)).ShouldBe(-1, file);
            bytes.AsSpan().IndexOf(BlockId.Of(raw).ToArray()).ShouldBe(-1, file);
        }
    }

    [Fact]
    public async Task A_check_without_keys_finds_damage_and_takes_nothing_else_for_it()
    {
        var ring = await Rings.OpenAsync(new KeysInMemory());
        var raws = Data.Blocks(12);
        await using (var store = await OpenAsync(ring))
        {
            foreach (var raw in raws)
            {
                await new GroupBlockStore(store, ring, "g1").PutAsync(raw);
            }
        }

        await using (var store = await OpenAsync(NoSealingKeys.Instance))
        {
            var check = await store.CheckAsync(static finding => throw new InvalidOperationException(finding.What));
            (check.Blocks, check.Findings, check.Locked).ShouldBe((12, 0, 12));
            var id = (await ring.KeyAsync("g1")).IdOf(raws[0]);
            (await Should.ThrowAsync<BackupException>(async () => await store.GetAsync(id))).Number.ShouldBe(
                BlockstoreErrors.KeyMissing
            );
        }

        var pack = Directory.GetFiles(Path.Combine(_folder.Path, "packs")).Single();
        var bytes = File.ReadAllBytes(pack);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(pack, bytes);
        await using var hit = await OpenAsync(NoSealingKeys.Instance);
        var found = new List<StoreFinding>();
        (await hit.CheckAsync(found.Add)).Locked.ShouldBe(11);
        found.ShouldHaveSingleItem().Id.ShouldNotBeNull();
    }

    [Fact]
    public async Task A_store_that_was_plain_keeps_its_blocks_and_seals_what_comes()
    {
        await using (var before = await OpenAsync(NoSealingKeys.Instance))
        {
            await before.PutAsync(_raw);
        }

        var ring = await Rings.OpenAsync(new KeysInMemory());
        await using var store = await OpenAsync(ring);
        var view = new GroupBlockStore(store, ring, "g1");
        using (var read = await view.GetAsync(BlockId.Of(_raw)))
        {
            read.Memory.ToArray().ShouldBe(_raw);
        }

        var put = await view.PutAsync(_raw);
        (put.IsNew, put.Id).ShouldBe((true, (await ring.KeyAsync("g1")).IdOf(_raw)));
    }

    private static KeyId KeyIdOf(string text) =>
        KeyId.TryParse(text, out var id) && id.ToString() == text ? id : throw new InvalidOperationException(text);

    private static void Mend(Span<byte> stored)
    {
        if (BlockHeader.TryRead(Recounted(stored), out var header))
        {
            (header with { PayloadCrc = Crc32C.Of(stored[BlockHeader.Length..]) }).Write(stored);
        }
    }

    /// <summary>The same with a header whose own checksum fits.</summary>
    private static byte[] Recounted(ReadOnlySpan<byte> stored)
    {
        var header = stored.ToArray();
        var at = BlockHeader.Length - sizeof(uint);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(
            header.AsSpan(at),
            Crc32C.Of(header.AsSpan(0, at))
        );
        return header;
    }

    private Task<PackBlockStore> OpenAsync(ISealingKeys keys) =>
        PackBlockStore.OpenAsync(_folder.Path, new PackStoreOptions { Keys = keys });

    private sealed class OneKey(SealingKey key) : ISealingKeys
    {
        public SealingKey Require(KeyId id, string what) => id == key.Id ? key : throw BlockstoreErrors.NoKey(id, what);
    }
}
