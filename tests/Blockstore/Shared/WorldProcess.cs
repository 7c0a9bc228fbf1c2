using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Backup.Blockstore;
using Backup.Blockstore.Grooming;
using Backup.Blockstore.Shared;

namespace Backup.Tests.Blockstore.Shared;

/// <summary>One process of a <see cref="SharedWorld"/>, and its work.</summary>
internal sealed class WorldProcess(IDrivenStore store)
{
    private volatile StrongBox<BlockId>? _head;
    private BlockHold? _ofHead;

    internal IDrivenStore Store { get; set; } = store;

    internal List<WorldWriter> Writers { get; } = [];

    internal List<(BlockId Root, BlockHold Hold)> Readers { get; } = [];

    internal List<(BlockId Root, BlockHold Look)> Looking { get; } = [];

    /// <summary>Asked by grooms from other threads.</summary>
    internal BlockId? Head => _head?.Value;

    /// <summary>For so many of its turns it does nothing.</summary>
    internal int Hangs { get; set; }

    /// <summary>Flushed, and to be committed when it goes on.</summary>
    internal (int Writer, BlockId Root)? Committing { get; set; }

    internal async Task PutAsync(int writer, int number)
    {
        var raw = Data.Random(20 + (number * 53 % 3000), number);
        raw[0] = WorldBlocks.Leaf;
        Writers[writer].Known.Add((await Store.PutAsync(raw)).Id);
    }

    /// <summary>Puts the pages over what a writer has put.</summary>
    internal async Task<BlockId> FinishAsync(int index, Random random)
    {
        var known = Writers[index].Known;
        var half = known.Count / 2;
        var root =
            known.Count > 3
                ? await PutPageAsync([await PutPageAsync(known.Take(half)), .. known.Skip(half)])
                : await PutPageAsync(known);
        if (random.Next(2) == 0)
        {
            await Store.FlushAsync();
        }

        return root;
    }

    internal void Abandon(int index)
    {
        Writers[index].Hold.Dispose();
        Writers.RemoveAt(index);
        Committing = null;
    }

    /// <summary>Whoever has looked something up, and holds it now.</summary>
    internal void EndLooks()
    {
        foreach (var (root, look) in Looking)
        {
            Readers.Add((root, Store.Holds.Keep([root])));
            look.Dispose();
        }

        Looking.Clear();
    }

    internal async Task EndReaderAsync(int index)
    {
        var (root, hold) = Readers[index];
        await WorldBlocks.ReachAsync(Store, root);
        hold.Dispose();
        Readers.RemoveAt(index);
    }

    /// <summary>As a head is flushed: some of what it had, some that is new; durable is what it was until it is committed.</summary>
    internal async Task AdvanceHeadAsync(Random random)
    {
        _ofHead ??= Store.Holds.Keep(() => Head is { } now ? [now] : []);
        // What it was is not held by it: it may be published meanwhile, and stay behind.
        using var hold = Store.Holds.Begin();
        var kept = Head is { } before
            ? (await WorldBlocks.ChildrenAsync(Store, before)).Where(_ => random.Next(3) > 0)
            : [];
        Writers.Add(new WorldWriter(hold, [.. kept]));
        await PutAsync(Writers.Count - 1, random.Next(40));
        await PutAsync(Writers.Count - 1, random.Next(40));
        var next = await PutPageAsync(Writers[^1].Known);
        Writers.RemoveAt(Writers.Count - 1);
        var beats = random.Next(3) == 0 && Looking.Count == 0 ? Store.BeatAsync() : Task.CompletedTask;
        if (random.Next(2) == 0)
        {
            await beats;
        }

        _head = new StrongBox<BlockId>(next);
        hold.Dispose();
        await beats;
    }

    internal async Task EndAllAsync()
    {
        while (Writers.Count > 0)
        {
            Abandon(0);
        }

        EndLooks();
        while (Readers.Count > 0)
        {
            await EndReaderAsync(0);
        }

        _head = null;
        _ofHead?.Dispose();
        _ofHead = null;
        await Store.FlushAsync();
    }

    /// <summary>All that it works on, or reads, is there.</summary>
    internal async Task ExpectAllAsync()
    {
        foreach (var root in Readers.Select(static one => one.Root).Concat(Writers.SelectMany(static one => one.Known)))
        {
            await WorldBlocks.ReachAsync(Store, root);
        }

        if (Head is { } head)
        {
            await WorldBlocks.ReachAsync(Store, head);
        }
    }

    /// <summary>As a killed process: of its work nothing goes on.</summary>
    internal void Forget()
    {
        Writers.Clear();
        Readers.Clear();
        Looking.Clear();
        (_head, _ofHead, Committing, Hangs) = (null, null, null, 0);
    }

    private async Task<BlockId> PutPageAsync(IEnumerable<BlockId> children) =>
        (await Store.PutAsync(WorldBlocks.PageOf(children))).Id;
}

/// <summary>Work that goes on, and what it has put.</summary>
internal sealed record WorldWriter(BlockHold Hold, List<BlockId> Known);

/// <summary>Blocks are leaves, or pages that list other blocks.</summary>
internal static class WorldBlocks
{
    internal const byte Leaf = 0;
    internal const byte Page = 1;

    internal static byte[] PageOf(IEnumerable<BlockId> children)
    {
        var all = children.Distinct().Order().ToList();
        var raw = new byte[5 + (all.Count * BlockId.Length)];
        raw[0] = Page;
        BinaryPrimitives.WriteInt32LittleEndian(raw.AsSpan(1), all.Count);
        foreach (var (n, child) in all.Index())
        {
            child.CopyTo(raw.AsSpan(5 + (n * BlockId.Length)));
        }

        return raw;
    }

    /// <summary>Reads all of it; what is lost or damaged throws.</summary>
    internal static async Task<HashSet<BlockId>> ReachAsync(IBlockStore store, BlockId root)
    {
        var all = new HashSet<BlockId>();
        var next = new Stack<BlockId>([root]);
        while (next.TryPop(out var id))
        {
            if (all.Add(id))
            {
                foreach (var child in await ChildrenAsync(store, id))
                {
                    next.Push(child);
                }
            }
        }

        return all;
    }

    internal static async Task<List<BlockId>> ChildrenAsync(IBlockStore store, BlockId page)
    {
        using var raw = await store.GetAsync(page);
        return raw.Memory.Span[0] == Page ? GroomWorld.ChildrenOf(raw.Memory.Span) : [];
    }
}
