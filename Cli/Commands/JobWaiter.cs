using Backup.Cli.Api;
using Backup.WebUI.Contracts;
using Spectre.Console;

namespace Backup.Cli.Commands;

/// <summary>Waits for a job, with a progress bar where standard error is a terminal; Ctrl-C leaves the job running.</summary>
internal static class JobWaiter
{
    internal static async Task<JobView> WaitAsync(ApiClient client, StartedJob job, CancellationToken cancellation)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        return Console.IsErrorRedirected
            ? await PollAsync(client, job, _ => { }, cancellation)
            : await console
                .Progress()
                .AutoClear(true)
                .StartAsync(progress =>
                {
                    var bar = progress.AddTask(job.Job.Kind, maxValue: 1);
                    return PollAsync(
                        client,
                        job,
                        now =>
                        {
                            bar.Description = Markup.Escape($"{now.Kind}: {now.Phase}");
                            bar.Value = now.Progress;
                        },
                        cancellation
                    );
                });
    }

    private static async Task<JobView> PollAsync(
        ApiClient client,
        StartedJob started,
        Action<JobView> seen,
        CancellationToken cancellation
    )
    {
        var job = started.Job;
        while (job.State is "queued" or "running")
        {
            await Task.Delay(TimeSpan.FromMilliseconds(200), cancellation);
            job = (await client.JobAsync(started, cancellation)).Job;
            seen(job);
        }

        return job.State == "succeeded" ? job
            : job.Error is { } error ? throw CliErrors.Job(error.Code, error.Message, error.Hint)
            : throw CliErrors.Job("", $"The {job.Kind} was cancelled.", "Start it again if it was not meant.");
    }
}
