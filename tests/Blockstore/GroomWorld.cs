using System.Buffers.Binary;
using Backup.Blockstore;
using Backup.Blockstore.Grooming;
using Backup.Blockstore.Packs;
using Shouldly;

namespace Backup.Tests.Blockstore;

/// <summary>
/// A store with what uses one: writers that refer to what they put, a head that goes on, readers, roots that are committed and given up. Blocks are
/// leaves, or pages that list other blocks. It is driven by numbers, so that a failure can be had again; and it looks after each groom.
/// </summary>
internal sealed class GroomWorld : IBlockRoots, IDisposable
{
    private const byte Leaf = 0;
    private const byte Page = 1;
    private static readonly PackStoreOptions Options = new(PackBytes: 12_000);

    private readonly TemporaryFolder _folder = new(inMemory: true);
    private readonly Random _random;
    private readonly Dictionary<string, BlockId> _durable = new(StringComparer.Ordinal);
    private readonly List<Writer> _writers = [];
    private readonly List<(BlockId Root, BlockHold Hold)> _readers = [];
    private readonly List<(BlockId Root, BlockHold Look)> _looking = [];
    private PackBlockStore _store;
    private BlockId? _head;
    private BlockHold? _ofHead;
    private bool _inGroom;
    private int _opened;
    private int _committed;

    internal GroomWorld(int seed)
    {
        _random = new Random(seed);
        _store = Open(_folder.Path + "/0");
    }

    internal IReadOnlyCollection<BlockId> Durable => _durable.Values;

    internal PackBlockStore Store => _store;

    /// <summary>Grooms that removed something; kills that were looked at.</summary>
    internal (int Removed, int Compacted, int Kills) Counts { get; private set; }

    internal void Act(int what)
    {
        switch (what % 16)
        {
            case 0 when !_inGroom:
                Groom(new GroomOptions { MaxDeadShare = 0, MinPackDeadShare = _random.Next(3) * 0.2 });
                break;
            case 1 when !_inGroom:
                Crash();
                break;
            case 2:
                BeginWriter();
                break;
            case 3 or 4 or 5 or 6 when _writers.Count > 0:
                Put(_writers[_random.Next(_writers.Count)]);
                break;
            case 7 or 8 when _writers.Count > 0:
                Commit(_random.Next(_writers.Count));
                break;
            case 9 when _writers.Count > 0:
                Abandon(_random.Next(_writers.Count));
                break;
            case 10 or 11 when _durable.Count > 0:
                _durable.Remove(_durable.Keys.ElementAt(_random.Next(_durable.Count)));
                break;
            case 12:
                BeginReader();
                break;
            case 13 when _readers.Count > 0:
                EndReader(_random.Next(_readers.Count));
                break;
            case 14:
                AdvanceHead();
                break;
            case 15 when _head is { } head:
                Flush();
                _durable["head"] = head;
                break;
            default:
                BeginWriter();
                Put(_writers[^1]);
                break;
        }
    }

    /// <summary>Ends all work, and expects that after a groom there is what the roots need and nothing else.</summary>
    internal void ExpectNothingElse()
    {
        while (_writers.Count > 0)
        {
            Abandon(0);
        }

        EndLooks();
        while (_readers.Count > 0)
        {
            EndReader(0);
        }

        EndHead();
        Flush();
        Groom(new GroomOptions { MaxDeadShare = 0, MinPackDeadShare = 0 }, quietly: true);
        var needed = _durable.Values.SelectMany(root => Reach(_store, root)).ToHashSet();
        List().ShouldBe(needed, ignoreOrder: true);
        _store.Statistics.Blocks.ShouldBe(needed.Count);
    }

    internal void Groom(GroomOptions options, bool quietly = false)
    {
        _inGroom = true;
        _store.GroomPassed = quietly
            ? null
            : _ =>
            {
                Wander();
                if (_random.Next(6) == 0)
                {
                    LookAfterKill();
                }
            };
        try
        {
            var report = _store
                .GroomAsync(quietly ? new Quiet(this) : this, options, quietly ? null : new Listener(Told))
                .GetAwaiter()
                .GetResult();
            report.Findings.ShouldBeEmpty();
            report.MissingBlocks.ShouldBe(0);
            Counts = (Counts.Removed + report.RemovedPacks, Counts.Compacted + report.CompactedPacks, Counts.Kills);
        }
        finally
        {
            _inGroom = false;
        }

        ExpectAll();
    }

    public Task<IReadOnlyList<BlockRoot>> ListAsync(CancellationToken cancellation = default)
    {
        Wander();
        IReadOnlyList<BlockRoot> roots = [.. _durable.Select(static one => new BlockRoot(one.Value, one.Key))];
        Wander();
        return Task.FromResult(roots);
    }

    public async Task TraceAsync(BlockId root, IBlockMarks marks, CancellationToken cancellation = default)
    {
        Wander();
        await MarkAsync(_store, root, marks);
    }

    public void Dispose()
    {
        _store.DisposeAsync().AsTask().GetAwaiter().GetResult();
        _folder.Dispose();
    }

    internal static async Task MarkAsync(IBlockStore store, BlockId id, IBlockMarks marks)
    {
        using var raw = await store.GetAsync(id);
        if (raw.Memory.Span[0] == Leaf)
        {
            marks.Keep(id);
        }
        else if (marks.Enter(id))
        {
            foreach (var child in ChildrenOf(raw.Memory.Span))
            {
                await MarkAsync(store, child, marks);
            }
        }
    }

    /// <summary>A few steps of others, in the midst of a groom.</summary>
    private void Wander()
    {
        for (var n = _random.Next(3); n > 0; n--)
        {
            Act(_random.Next(2, 16));
        }
    }

    /// <summary>In the midst of a groom; before it waits for those who look, they must come to an end.</summary>
    private void Told(GroomProgress now)
    {
        Wander();
        if (now.Phase == PackGroom.Marking)
        {
            EndLooks();
        }
    }

    private void BeginWriter()
    {
        using var look = _store.Holds.Look();
        if (_durable.Count > 0 && _random.Next(2) == 0)
        {
            var root = _durable.Values.ElementAt(_random.Next(_durable.Count));
            if (_random.Next(2) == 0)
            {
                // Looked up, and gone before it is held.
                _durable.Remove(_durable.First(one => one.Value == root).Key);
            }

            var hold = _store.Holds.Begin([root]);
            _writers.Add(new Writer(hold, [.. Children(root)]));
        }
        else
        {
            _writers.Add(new Writer(_store.Holds.Begin(), []));
        }
    }

    /// <summary>Often something that is there, or was.</summary>
    private void Put(Writer writer)
    {
        var number = _random.Next(40);
        var raw = Data.Random(20 + (number * 53 % 3000), number);
        raw[0] = Leaf;
        writer.Known.Add(Put(raw));
    }

    private BlockId PutPage(IEnumerable<BlockId> children)
    {
        var all = children.Distinct().Order().ToList();
        var raw = new byte[5 + (all.Count * BlockId.Length)];
        raw[0] = Page;
        BinaryPrimitives.WriteInt32LittleEndian(raw.AsSpan(1), all.Count);
        foreach (var (n, child) in all.Index())
        {
            child.CopyTo(raw.AsSpan(5 + (n * BlockId.Length)));
        }

        return Put(raw);
    }

    private void Commit(int index)
    {
        var writer = _writers[index];
        var root = PutPage(
            writer.Known.Count > 3
                ? [PutPage(writer.Known.Take(writer.Known.Count / 2)), .. writer.Known.Skip(writer.Known.Count / 2)]
                : writer.Known
        );
        if (_random.Next(2) == 0)
        {
            // Durable a while before it is referred to.
            Flush();
            if (_inGroom)
            {
                BeginReader();
            }
        }

        Flush();
        _durable[$"root {_committed++ % 6}"] = root;
        Abandon(index);
    }

    private void Abandon(int index)
    {
        _writers[index].Hold.Dispose();
        _writers.RemoveAt(index);
    }

    private void BeginReader()
    {
        if (_durable.Count == 0)
        {
            return;
        }

        var look = _store.Holds.Look();
        _looking.Add((_durable.Values.ElementAt(_random.Next(_durable.Count)), look));
        if (_random.Next(2) == 0)
        {
            EndLooks();
        }
    }

    /// <summary>Whoever has looked something up, and holds it now.</summary>
    private void EndLooks()
    {
        foreach (var (root, look) in _looking)
        {
            _readers.Add((root, _store.Holds.Keep([root])));
            look.Dispose();
        }

        _looking.Clear();
    }

    private void EndReader(int index)
    {
        var (root, hold) = _readers[index];
        Reach(_store, root);
        hold.Dispose();
        _readers.RemoveAt(index);
    }

    /// <summary>As a head is flushed: some of what it had, some that is new; durable is what it was until it is committed.</summary>
    private void AdvanceHead()
    {
        _ofHead ??= _store.Holds.Keep(() => _head is { } now ? [now] : []);
        using var hold = _store.Holds.Begin(_head is { } had ? [had] : []);
        var kept = _head is { } before ? Children(before).Where(_ => _random.Next(3) > 0) : [];
        var writer = new Writer(hold, [.. kept]);
        Put(writer);
        Put(writer);
        _head = PutPage(writer.Known);
    }

    private void EndHead()
    {
        _head = null;
        _ofHead?.Dispose();
        _ofHead = null;
    }

    /// <summary>The store as a killed process leaves it; whoever worked on it is gone too.</summary>
    private void Crash()
    {
        var next = Killed();
        _writers.Clear();
        _readers.Clear();
        _looking.Clear();
        (_head, _ofHead) = (null, null);
        _store.DisposeAsync().AsTask().GetAwaiter().GetResult();
        _store = Open(next);
        ExpectAll();
        if (_durable.TryGetValue("head", out var head))
        {
            _head = head;
            AdvanceHead();
        }
    }

    private void LookAfterKill()
    {
        var folder = Killed();
        var store = Open(folder);
        try
        {
            foreach (var root in _durable.Values)
            {
                Reach(store, root);
            }
        }
        finally
        {
            store.DisposeAsync().AsTask().GetAwaiter().GetResult();
            Directory.Delete(folder, recursive: true);
        }

        Counts = Counts with { Kills = Counts.Kills + 1 };
    }

    private string Killed()
    {
        var from = Path.Combine(_store.Folder, "packs");
        var to = $"{_folder.Path}/{++_opened}";
        Directory.CreateDirectory(Path.Combine(to, "packs"));
        // What was being written is there half, under a name that the next start removes.
        foreach (var path in Directory.GetFiles(from))
        {
            var copy = Path.Combine(to, "packs", Path.GetFileName(path));
            File.WriteAllBytes(
                copy,
                path.EndsWith(".pack", StringComparison.Ordinal) ? File.ReadAllBytes(path) : [1, 2, 3]
            );
        }

        return to;
    }

    private void ExpectAll()
    {
        foreach (var root in _durable.Values.Concat(_readers.Select(static one => one.Root)))
        {
            Reach(_store, root);
        }

        if (_head is { } head)
        {
            Reach(_store, head);
        }

        foreach (var known in _writers.SelectMany(static writer => writer.Known))
        {
            Reach(_store, known);
        }
    }

    private IEnumerable<BlockId> Children(BlockId page)
    {
        using var raw = _store.GetAsync(page).AsTask().GetAwaiter().GetResult();
        return raw.Memory.Span[0] == Page ? ChildrenOf(raw.Memory.Span) : [];
    }

    private BlockId Put(byte[] raw) => _store.PutAsync(raw).AsTask().GetAwaiter().GetResult().Id;

    private void Flush() => _store.FlushAsync().GetAwaiter().GetResult();

    private List<BlockId> List() =>
        _store.ListAsync().Select(static one => one.Id).ToListAsync().AsTask().GetAwaiter().GetResult();

    /// <summary>Reads all of it; what is lost or damaged throws.</summary>
    private static HashSet<BlockId> Reach(IBlockStore store, BlockId root)
    {
        var all = new HashSet<BlockId>();
        var next = new Stack<BlockId>([root]);
        while (next.TryPop(out var id))
        {
            if (all.Add(id))
            {
                using var raw = store.GetAsync(id).AsTask().GetAwaiter().GetResult();
                if (raw.Memory.Span[0] == Page)
                {
                    ChildrenOf(raw.Memory.Span).ForEach(next.Push);
                }
            }
        }

        return all;
    }

    internal static List<BlockId> ChildrenOf(ReadOnlySpan<byte> page)
    {
        var children = new List<BlockId>();
        for (var n = 0; n < BinaryPrimitives.ReadInt32LittleEndian(page[1..]); n++)
        {
            children.Add(new BlockId(page.Slice(5 + (n * BlockId.Length), BlockId.Length)));
        }

        return children;
    }

    private static PackBlockStore Open(string folder) =>
        PackBlockStore.OpenAsync(folder, Options).GetAwaiter().GetResult();

    /// <param name="Known">What it may refer to.</param>
    private sealed record Writer(BlockHold Hold, List<BlockId> Known)
    {
        public BlockHold Hold { get; } = Hold;

        public List<BlockId> Known { get; } = Known;
    }

    private sealed class Listener(Action<GroomProgress> then) : IProgress<GroomProgress>
    {
        public void Report(GroomProgress value) => then(value);
    }

    /// <summary>The same roots with nothing beside.</summary>
    private sealed class Quiet(GroomWorld world) : IBlockRoots
    {
        public Task<IReadOnlyList<BlockRoot>> ListAsync(CancellationToken cancellation = default) =>
            Task.FromResult<IReadOnlyList<BlockRoot>>([
                .. world._durable.Select(static one => new BlockRoot(one.Value, one.Key)),
            ]);

        public Task TraceAsync(BlockId root, IBlockMarks marks, CancellationToken cancellation = default) =>
            MarkAsync(world._store, root, marks);
    }
}
