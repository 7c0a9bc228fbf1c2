using System.Collections.Concurrent;
using Backup.MongoWire.Client;
using Shouldly;

namespace Backup.Tests.EndToEnd.Writes;

/// <summary>
/// Writes without pause while a backup goes on: documents, catalogue and transactions, everything that the oplog can carry. Each kind comes
/// once at the start, then all come by chance. Dispose to quiesce.
/// </summary>
internal sealed class LiveWrites : IAsyncDisposable
{
    /// <summary>
    /// What a server may answer to a write that is right in itself but meets a document or a catalogue that does not suit it. The random writes
    /// do not look before they leap. Any other refusal ends the test.
    /// </summary>
    private static readonly HashSet<int> Honest =
    [
        2, // BadValue: an operator on a value of a type that it does not take
        14, // TypeMismatch
        20, // IllegalOperation: a delete from a capped collection
        26, // NamespaceNotFound
        27, // IndexNotFound
        28, // PathNotViable
        40, // ConflictingUpdateOperators
        48, // NamespaceExists
        85, // IndexOptionsConflict
        86, // IndexKeySpecsConflict
        166, // CommandNotSupportedOnView
        171, // CannotIndexParallelArrays
        10003, // CannotGrowDocumentInCappedNamespace
        11000, // DuplicateKey
    ];

    private readonly WriteContext _context;
    private readonly IReadOnlyList<WriteKind> _kinds;
    private readonly ConcurrentDictionary<string, int> _done = new();
    private readonly ConcurrentDictionary<string, int> _refused = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _gate = new(1);
    private readonly Task _running;
    private int _operations;

    private LiveWrites(TestSource source, int seed)
    {
        _context = new WriteContext(source, new Random(seed));
        _kinds =
        [
            .. new DocumentWrites(_context).Kinds,
            .. new CatalogueWrites(_context).Kinds,
            .. new TransactionWrites(_context).Kinds,
            .. source.IsReal ? [] : new PreparedWrites(_context).Kinds,
        ];
        _running = Task.Run(WriteAsync);
    }

    internal int Operations => Volatile.Read(ref _operations);

    internal static LiveWrites Start(TestSource source, int seed) => new(source, seed);

    /// <summary>Waits until so many operations more were done.</summary>
    internal async Task WaitAsync(int operations)
    {
        for (var target = Operations + operations; Operations < target; await Task.Delay(20))
        {
            if (_running.IsCompleted)
            {
                await _running;
            }
        }
    }

    /// <summary>No write between this and the end of what it gives.</summary>
    internal async Task<IDisposable> PauseAsync()
    {
        await _gate.WaitAsync();
        return new Pause(_gate);
    }

    /// <summary>Fails where a kind of write was never taken: such a test would have shown less than it says.</summary>
    internal void ShouldHaveDoneEverything() =>
        _kinds.Select(kind => kind.Name).Where(name => !_done.ContainsKey(name)).ShouldBeEmpty();

    /// <summary>For a test's output: how often each kind was done and refused.</summary>
    internal string Describe() =>
        string.Join(
            ", ",
            _kinds.Select(kind =>
                $"{kind.Name} {_done.GetValueOrDefault(kind.Name)}"
                + (_refused.TryGetValue(kind.Name, out var refused) ? $" ({refused} refused)" : "")
            )
        );

    /// <summary>Twice is as good as once.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_running.IsCompletedSuccessfully)
        {
            return;
        }

        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
        _gate.Dispose();
    }

    private async Task WriteAsync()
    {
        await _context.PrepareAsync();
        var weights = _kinds.Sum(kind => kind.Weight);
        for (var ordinal = 0; !_stop.IsCancellationRequested; ordinal++)
        {
            var kind = ordinal < _kinds.Count ? _kinds[ordinal] : Choose(_context.Random.Next(weights));
            await _gate.WaitAsync(CancellationToken.None);
            try
            {
                await StepAsync(kind);
            }
            finally
            {
                _gate.Release();
            }

            Interlocked.Increment(ref _operations);
            await Task.Delay(_context.Random.Next(4)).ConfigureAwait(false);
        }
    }

    private WriteKind Choose(int dice)
    {
        foreach (var kind in _kinds)
        {
            dice -= kind.Weight;
            if (dice < 0)
            {
                return kind;
            }
        }

        throw new InvalidOperationException("The weights do not add up.");
    }

    private async Task StepAsync(WriteKind kind)
    {
        try
        {
            await kind.RunAsync();
            _done.AddOrUpdate(kind.Name, 1, static (_, count) => count + 1);
        }
        catch (CommandException refused) when (Honest.Contains(refused.ServerCode))
        {
            _refused.AddOrUpdate(kind.Name, 1, static (_, count) => count + 1);
        }
        catch (CommandException refused)
        {
            throw new InvalidOperationException($"{kind.Name}: {refused.ServerCode} {refused.ServerMessage}", refused);
        }
    }

    private sealed class Pause(SemaphoreSlim gate) : IDisposable
    {
        public void Dispose() => gate.Release();
    }
}
