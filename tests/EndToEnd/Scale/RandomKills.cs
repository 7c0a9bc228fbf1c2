namespace Backup.Tests.EndToEnd.Scale;

/// <summary>kill -9 of any process at random, again and again, each started anew after a while; never more than two are gone at the same time.</summary>
internal sealed class RandomKills : IAsyncDisposable
{
    /// <summary>Beyond it others have taken over what a daemon had.</summary>
    private static readonly TimeSpan LongGone = TimeSpan.FromSeconds(40);

    private readonly ScaledAppliance _appliance;
    private readonly Random _random;
    private readonly Action<string> _tell;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;
    private readonly List<Task> _returns = [];

    internal RandomKills(ScaledAppliance appliance, Random random, Action<string> tell)
    {
        (_appliance, _random, _tell) = (appliance, random, tell);
        _loop = Task.Run(KillAsync);
    }

    internal int Count { get; private set; }

    /// <summary>No more kills, and everything runs again.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        await Task.WhenAll(_returns);
        _stop.Dispose();
    }

    private async Task KillAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            await Task.Delay(TimeSpan.FromSeconds(2 + _random.Next(14)), _stop.Token)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _returns.RemoveAll(static one => one.IsCompletedSuccessfully);
            if (_stop.IsCancellationRequested || _returns.Count > 1)
            {
                continue;
            }

            var running = _appliance.Processes.Where(static one => one.IsRunning).ToList();
            var dice = _random.Next(running.Count + 1);
            Count++;
            if (dice == running.Count)
            {
                _tell("kill -9 agent");
                await _appliance.Agent.KillAsync();
                _returns.Add(BackAsync(TimeSpan.FromSeconds(_random.Next(5)), _appliance.Agent.Start));
                continue;
            }

            var victim = running[dice];
            var pause = _random.Next(4) == 0 ? LongGone : TimeSpan.FromSeconds(_random.Next(8));
            _tell($"kill -9 {victim.Verb} {_appliance.Processes.ToList().IndexOf(victim)}, for {pause.TotalSeconds} s");
            await victim.KillAsync();
            _returns.Add(BackAsync(pause, () => _appliance.Start(victim)));
        }
    }

    private async Task BackAsync(TimeSpan pause, Action start)
    {
        // Where the run ends, at once.
        await Task.Delay(pause, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        start();
    }
}
