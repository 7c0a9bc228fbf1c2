using System.CommandLine;
using Backup.Cli.Output;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Commands;

/// <summary><c>backup jobs</c>: what is done and was, why it failed, and the ways to stop it and to try it again.</summary>
internal static class JobsCommand
{
    internal static Command Create() =>
        new("jobs", "Jobs: list, show, log, cancel, retry, report, check-report")
        {
            List(),
            Show(),
            Log(),
            Cancel(),
            Retry(),
            ReportCommands.Report(),
            ReportCommands.Check(),
        };

    private static Command List()
    {
        var limit = new Option<int>("--limit")
        {
            Description = "The newest so many",
            HelpName = "N",
            DefaultValueFactory = static _ => 20,
        };
        limit.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && result.GetValueOrDefault<int>() is < 1 or > 10_000)
            {
                result.AddError("--limit is 1 to 10000.");
            }
        });
        return SharedOptions.Command(
            "list",
            "List jobs, newest first: snapshots, verifications, restores and all else that is worked off",
            [limit],
            (parsed, choice, json, cancellation) =>
                Question.AskAsync(
                    choice,
                    json,
                    appliance => appliance.Api.JobsAsync(parsed.GetValue(limit), cancellation),
                    static all =>
                    {
                        foreach (var one in all)
                        {
                            PrintLine(one);
                        }

                        if (all.Count == 0)
                        {
                            Console.Out.WriteLine("Nothing was done yet.");
                        }
                    },
                    cancellation
                )
        );
    }

    private static Command Show() =>
        SharedOptions.Command(
            "show",
            "Show one job: how far it is, how fast, until when, and what went wrong",
            Job(),
            (choice, job, json, cancellation) =>
                Question.AskAsync(
                    choice,
                    json,
                    appliance => appliance.Api.JobAsync(job, cancellation),
                    Print,
                    cancellation
                )
        );

    private static Command Log() =>
        SharedOptions.Command(
            "log",
            "Print what a job told, oldest first",
            Job(),
            (choice, job, json, cancellation) =>
                Question.AskAsync(
                    choice,
                    json,
                    appliance => appliance.Api.JobLogAsync(job, cancellation),
                    static all =>
                    {
                        foreach (var one in all)
                        {
                            Console.Out.WriteLine($"{one.At:u} {(one.Trouble ? "! " : "  ")}{one.Text}");
                        }

                        if (all.Count == 0)
                        {
                            Console.Out.WriteLine("It has told nothing, or too long ago.");
                        }
                    },
                    cancellation
                )
        );

    private static Command Cancel() =>
        SharedOptions.Command(
            "cancel",
            "End a job that has not ended; what a restore wrote stays where it is",
            Job(),
            (choice, job, json, cancellation) =>
                Question.AskAsync(
                    choice,
                    json,
                    appliance => appliance.Api.CancelJobAsync(job, cancellation),
                    Print,
                    cancellation
                )
        );

    private static Command Retry()
    {
        var to = new Option<string?>("--to")
        {
            Description =
                $"Of a restore into MongoDB: the same target as before (or the variable {RestoreFormOptions.ToVariable}); it was forgotten when the restore ended",
            HelpName = "URI",
        };
        return SharedOptions.Command(
            "retry",
            "Ask once more for a job that failed or was cancelled",
            Job(),
            [to],
            (parsed, choice, job, json, cancellation) =>
                Question.AskAsync(
                    choice,
                    json,
                    appliance =>
                        appliance.Api.RetryJobAsync(
                            job,
                            parsed.GetValue(to) ?? RestoreFormOptions.Variable(),
                            cancellation
                        ),
                    Print,
                    cancellation
                )
        );
    }

    private static Argument<string> Job() => new("JOB") { Description = "The id of a job: 'backup jobs list'" };

    private static void PrintLine(ActivityView one) =>
        Console.Out.WriteLine(
            $"{one.Job.Id}  {one.CreatedAt:u}  {one.Job.Kind} of {one.Subject ?? "everything"}: {one.Job.State}{PaceOf(one.Job)}"
        );

    private static void Print(ActivityView one)
    {
        var (to, job) = (Console.Out, one.Job);
        PrintLine(one);
        to.WriteLine($"  asked for {(job.AskedBy is { } who ? $"by {who}" : "by nobody in particular")}");
        if (one.StartedAt is { } started)
        {
            var until = one.FinishedAt is { } end ? $" until {end:u}" : "";
            to.WriteLine($"  attempt {one.Attempts}, since {started:u}{until}: {job.Phase}");
        }

        if (job.RetryOf is { } first)
        {
            to.WriteLine($"  another try of {first}");
        }

        if (job.Error is { } error)
        {
            Printer.Error("  failed", error);
        }
    }

    private static string PaceOf(JobView job)
    {
        if (job.State is not ("queued" or "running"))
        {
            return "";
        }

        var share = job.ExpectedBytes is null ? "" : $", {job.Progress:P0} of {Printer.Bytes(job.ExpectedBytes.Value)}";
        var rate = job.BytesPerSecond is { } speed ? $", {Printer.Bytes((long)speed)}/s" : "";
        var rest = job.RemainingSeconds is { } seconds
            ? $", {DurationText.Of(TimeSpan.FromSeconds(seconds))} left"
            : "";
        return share + rate + rest;
    }
}
