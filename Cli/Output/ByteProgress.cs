using Spectre.Console;

namespace Backup.Cli.Output;

/// <summary>A progress bar on standard error over bytes with rate and time left; silent where it is no terminal.</summary>
internal sealed class ByteProgress : IDisposable
{
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _drawing = Task.CompletedTask;
    private ProgressTask? _bar;

    /// <param name="title">What goes on.</param>
    /// <param name="expected">Bytes, as far as it is known; a stream may turn out longer.</param>
    internal ByteProgress(string title, long expected)
    {
        if (Console.IsErrorRedirected)
        {
            return;
        }

        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        _drawing = console
            .Progress()
            .AutoClear(true)
            .Columns(
                new TaskDescriptionColumn(),
                new ProgressBarColumn(),
                new DownloadedColumn(),
                new TransferSpeedColumn(),
                new RemainingTimeColumn()
            )
            .StartAsync(progress =>
            {
                _bar = progress.AddTask(Markup.Escape(title), maxValue: Math.Max(1, expected));
                return _done.Task;
            });
    }

    internal void Report(long bytes)
    {
        if (_bar is { } bar)
        {
            bar.MaxValue = Math.Max(bar.MaxValue, bytes);
            bar.Value = bytes;
        }
    }

    public void Dispose()
    {
        _done.TrySetResult();
        _drawing.Wait(TimeSpan.FromSeconds(2));
    }
}
