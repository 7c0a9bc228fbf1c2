using Backup.Blockstore;
using Backup.Blockstore.Grooming;
using Backup.Blockstore.Shared;
using Backup.Foundation.Errors;
using Backup.Tests.Support;
using Shouldly;

namespace Backup.Tests.Blockstore.Shared;

/// <summary>
/// One store and several processes that use it at the same time, each as <see cref="GroomWorld"/> knows one: writers that refer to what they put, heads
/// that go on, readers, roots that are committed and given up. Any of them grooms, hangs for as long as it likes, and is killed at any moment, also in
/// the midst of its groom. It is driven by numbers, and it looks after each groom.
/// </summary>
internal sealed class SharedWorld : IBlockRoots, IPublicationFence, IAsyncDisposable
{
    private const int Processes = 3;
    private static readonly TimeSpan Silence = TimeSpan.FromMinutes(2);

    private readonly IWorldPlace _place;
    private readonly SharedStoreOptions _sharing;
    private readonly ManualTime _time = new();
    private readonly Random _random;
    private readonly Dictionary<string, BlockId> _durable = new(StringComparer.Ordinal);
    private readonly HashSet<Guid> _revoked = [];
    private readonly List<WorldProcess> _processes = [];
    private WorldProcess? _groomer;
    private bool _isQuiet;
    private int _committed;

    private SharedWorld(IWorldPlace place, int seed)
    {
        _place = place;
        _random = new Random(seed);
        _sharing = new SharedStoreOptions
        {
            // Signs of life are given where the world says so.
            BeatInterval = TimeSpan.FromDays(1),
            SilenceLimit = Silence,
            ForgetLimit = TimeSpan.FromDays(7),
            Fence = this,
            Time = _time,
        };
    }

    /// <summary>Grooms that removed something; processes that were killed, and of those in the midst of a groom; that others went on without; commits refused.</summary>
    internal WorldCounts Counts { get; private set; } = new();

    internal static async Task<SharedWorld> OpenAsync(IWorldPlace place, int seed)
    {
        var world = new SharedWorld(place, seed);
        for (var n = 0; n < Processes; n++)
        {
            world._processes.Add(new WorldProcess(await world.OpenStoreAsync()));
        }

        return world;
    }

    internal async Task ActAsync(int what)
    {
        var process = _processes[_random.Next(_processes.Count)];
        if (process.Hangs > 0)
        {
            process.Hangs--;
            return;
        }

        try
        {
            Resume(process);
            await ActAsync(process, what % 20);
        }
        catch (BackupException lost) when (lost.Number == BlockstoreErrors.SessionEnded)
        {
            Counts = Counts with { Lost = Counts.Lost + 1 };
            await RestartAsync(process);
        }
    }

    /// <summary>Ends all work, and expects that after a groom there is what the roots need and nothing else.</summary>
    internal async Task ExpectNothingElseAsync()
    {
        _isQuiet = true;
        foreach (var process in _processes)
        {
            process.Hangs = 0;
            process.Committing = null;
            // A groom may wait for them.
            process.EndLooks();
            try
            {
                await process.Store.BeatAsync().WaitAsync(TimeSpan.FromSeconds(30));
                await process.EndAllAsync();
            }
            catch (BackupException lost) when (lost.Number == BlockstoreErrors.SessionEnded)
            {
                await RestartAsync(process);
            }
        }

        var last = _processes[0];
        await GroomAsync(last);
        var needed = new HashSet<BlockId>();
        foreach (var root in _durable.Values)
        {
            needed.UnionWith(await WorldBlocks.ReachAsync(last.Store, root));
        }

        var listed = await last.Store.ListAsync().ToListAsync();
        listed.Select(static one => one.Id).ShouldBe(needed, ignoreOrder: true);
        last.Store.Statistics.Blocks.ShouldBe(needed.Count);
        last.Store.Statistics.StoredBytes.ShouldBe(listed.Sum(static one => (long)one.StoredLength));
        var findings = new List<StoreFinding>();
        (await last.Store.CheckAsync(findings.Add)).Findings.ShouldBe(0);
        await _place.ExpectNothingLeftAsync(listed);
    }

    public async Task<IReadOnlyList<BlockRoot>> ListAsync(CancellationToken cancellation = default)
    {
        await WanderAsync();
        IReadOnlyList<BlockRoot> roots = [.. _durable.Select(static one => new BlockRoot(one.Value, one.Key))];
        await WanderAsync();
        return roots;
    }

    public async Task TraceAsync(BlockId root, IBlockMarks marks, CancellationToken cancellation = default)
    {
        await WanderAsync();
        await GroomWorld.MarkAsync(_groomer!.Store, root, marks);
    }

    public Task RevokeAsync(IReadOnlyCollection<Guid> sessions, CancellationToken cancellation)
    {
        _revoked.UnionWith(sessions);
        return Task.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            await process.Store.KillAsync();
        }
    }

    private Task<IDrivenStore> OpenStoreAsync() => _place.OpenAsync(_sharing);

    private async Task ActAsync(WorldProcess process, int what)
    {
        switch (what)
        {
            case 0 when _groomer is null:
                await GroomAsync(process);
                break;
            case 1 when process != _groomer:
                await KillAsync(process);
                break;
            case 2 when process != _groomer:
                process.Hangs = _random.Next(60);
                break;
            case 3 or 4:
                process.EndLooks();
                await process.Store.BeatAsync().WaitAsync(TimeSpan.FromSeconds(30));
                break;
            case 5 or 6 or 7 or 8 when process.Writers.Count > 0:
                await process.PutAsync(_random.Next(process.Writers.Count), _random.Next(40));
                break;
            case 9 or 10 when process.Writers.Count > 0:
                await CommitAsync(process);
                break;
            case 11 when process.Writers.Count > 0:
                process.Abandon(_random.Next(process.Writers.Count));
                break;
            case 12 or 13 when _durable.Count > 0:
                _durable.Remove(_durable.Keys.ElementAt(_random.Next(_durable.Count)));
                break;
            case 14 when _durable.Count > 0:
                process.Looking.Add((Any(), process.Store.Holds.Look()));
                if (_random.Next(2) == 0)
                {
                    process.EndLooks();
                }

                break;
            case 15 when process.Readers.Count > 0:
                await process.EndReaderAsync(_random.Next(process.Readers.Count));
                break;
            case 16 or 17:
                await process.AdvanceHeadAsync(_random);
                break;
            case 18 when process.Head is { } head:
                await process.Store.FlushAsync();
                Publish(process, $"head {_processes.IndexOf(process)}", head);
                break;
            default:
                await BeginWriterAsync(process);
                break;
        }
    }

    private BlockId Any() => _durable.Values.ElementAt(_random.Next(_durable.Count));

    private async Task BeginWriterAsync(WorldProcess process)
    {
        using var look = process.Store.Holds.Look();
        if (_durable.Count > 0 && _random.Next(2) == 0)
        {
            var root = Any();
            if (_random.Next(2) == 0)
            {
                // Looked up, and gone before it is held.
                _durable.Remove(_durable.First(one => one.Value == root).Key);
            }

            process.Writers.Add(
                new WorldWriter(
                    process.Store.Holds.Begin([root]),
                    [.. await WorldBlocks.ChildrenAsync(process.Store, root)]
                )
            );
        }
        else
        {
            process.Writers.Add(new WorldWriter(process.Store.Holds.Begin(), []));
        }

        await process.PutAsync(process.Writers.Count - 1, _random.Next(40));
    }

    private async Task CommitAsync(WorldProcess process)
    {
        var index = _random.Next(process.Writers.Count);
        var root = await process.FinishAsync(index, _random);
        await process.Store.FlushAsync();
        if (_random.Next(5) == 0)
        {
            // It hangs between its flush and its commit, for as long as others take to go on without it.
            process.Committing = (index, root);
            process.Hangs = _random.Next(100);
            return;
        }

        Publish(process, $"root {_committed++ % 8}", root);
        process.Abandon(index);
    }

    /// <summary>It goes on where it hung.</summary>
    private void Resume(WorldProcess process)
    {
        if (process.Committing is { } committing)
        {
            Publish(process, $"root {_committed++ % 8}", committing.Root);
            process.Abandon(committing.Writer);
        }
    }

    /// <summary>As the catalogue does it: in one step with the look whether the session was revoked.</summary>
    private void Publish(WorldProcess process, string name, BlockId root)
    {
        if (_revoked.Contains(process.Store.Session))
        {
            Counts = Counts with { Refused = Counts.Refused + 1 };
            throw BlockstoreErrors.SessionLost("the world");
        }

        _durable[name] = root;
    }

    private async Task GroomAsync(WorldProcess process)
    {
        _groomer = process;
        process.Store.GroomWaiting = () => WaitAsync();
        process.Store.GroomPassed = PassedAsync;
        try
        {
            var report = await process.Store.GroomAsync(this, Options());
            report.Findings.ShouldBeEmpty();
            report.MissingBlocks.ShouldBe(0);
            Counts = Counts with { Removed = Counts.Removed + (report.FreedBytes > 0 ? 1 : 0) };
        }
        catch (WorldKill)
        {
            Counts = Counts with { KilledGrooms = Counts.KilledGrooms + 1 };
            await ReopenAsync(process);
        }
        finally
        {
            _groomer = null;
        }

        await ExpectAllAsync();
    }

    private GroomOptions Options() =>
        new() { MaxDeadShare = 0, MinPackDeadShare = _isQuiet ? 0 : _random.Next(3) * 0.2 };

    /// <summary>Others act, and give signs of life or not, while a groom waits for them.</summary>
    private async Task WaitAsync()
    {
        _time.Advance(Silence / 6);
        foreach (var process in _processes.Where(one => one != _groomer))
        {
            // Before a groom goes on, those who look must come to an end.
            process.EndLooks();
            if (process.Hangs > 0)
            {
                process.Hangs--;
            }
            else
            {
                await OrRestartAsync(
                    process,
                    () =>
                    {
                        Resume(process);
                        return process.Store.BeatAsync();
                    }
                );
            }
        }

        _groomer!.EndLooks();
        await WanderAsync();
        await KillGroomerAsync(oneIn: 40);
    }

    private async Task PassedAsync(SharedGroomStep step)
    {
        await WanderAsync();
        await KillGroomerAsync(oneIn: 8);
    }

    private async Task KillGroomerAsync(int oneIn)
    {
        if (!_isQuiet && _random.Next(oneIn) == 0)
        {
            var process = _groomer!;
            await process.Store.KillAsync();
            throw new WorldKill();
        }
    }

    /// <summary>A few steps of others, and of the process that grooms, in the midst of a groom.</summary>
    private async Task WanderAsync()
    {
        for (var n = _isQuiet ? 0 : _random.Next(3); n > 0; n--)
        {
            await ActAsync(_random.Next(1, 20));
        }
    }

    private async Task OrRestartAsync(WorldProcess process, Func<Task> act)
    {
        try
        {
            await act();
        }
        catch (BackupException lost) when (lost.Number == BlockstoreErrors.SessionEnded)
        {
            Counts = Counts with { Lost = Counts.Lost + 1 };
            await RestartAsync(process);
        }
    }

    private async Task KillAsync(WorldProcess process)
    {
        Counts = Counts with { Kills = Counts.Kills + 1 };
        await process.Store.KillAsync();
        await ReopenAsync(process);
    }

    /// <summary>Its work begins again, as after a restart.</summary>
    private async Task RestartAsync(WorldProcess process)
    {
        if (process == _groomer)
        {
            // Nobody goes on without a process that grooms: it gives signs of life as it waits.
            throw new InvalidOperationException("A groom was struck off.");
        }

        await process.Store.DisposeAsync();
        await ReopenAsync(process);
    }

    private async Task ReopenAsync(WorldProcess process)
    {
        process.Forget();
        process.Store = await OpenStoreAsync();
    }

    /// <summary>All that is durable is there whole; and all that a process needs, unless others went on without it.</summary>
    private async Task ExpectAllAsync()
    {
        var reader = _processes[0].Store;
        foreach (var root in _durable.Values)
        {
            await WorldBlocks.ReachAsync(reader, root);
        }

        foreach (var process in _processes.Where(static one => one is { Hangs: 0, Committing: null }))
        {
            await OrRestartAsync(
                process,
                async () =>
                {
                    await process.Store.FlushAsync();
                    await process.ExpectAllAsync();
                }
            );
        }
    }

    private sealed class WorldKill : Exception;
}

/// <summary>Where the processes of a world share a store.</summary>
internal interface IWorldPlace
{
    /// <summary>Opens it for one more process.</summary>
    Task<IDrivenStore> OpenAsync(SharedStoreOptions sharing);

    /// <summary>After a groom beside which nothing went on: nothing is there but these blocks.</summary>
    Task ExpectNothingLeftAsync(IReadOnlyList<StoredBlock> blocks);
}

/// <param name="Removed">Grooms that removed something.</param>
/// <param name="Kills">Processes that were killed.</param>
/// <param name="KilledGrooms">Processes that were killed in the midst of their groom.</param>
/// <param name="Lost">Processes that others went on without.</param>
/// <param name="Refused">Commits that were refused to such a process.</param>
internal sealed record WorldCounts(int Removed = 0, int Kills = 0, int KilledGrooms = 0, int Lost = 0, int Refused = 0);
