using Backup.Agent.Source;
using Backup.Foundation.Contracts;
using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;

namespace Backup.Agent.Hosts;

/// <summary>Tells the primary to step down, where somebody else can take over at once; else nothing is touched.</summary>
internal sealed class StepDown(SourceMember member, StepDownOrder order, TimeProvider time)
{
    /// <summary>Who is further behind would keep the set waiting, or not be elected at all.</summary>
    private const long MostLagSeconds = 10;

    private const string Secondary = "SECONDARY";
    private const string Primary = "PRIMARY";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);

    /// <returns>Who was the primary, and who is; null: nobody yet.</returns>
    /// <exception cref="BackupException">7034 nobody can take over, 7035 it was refused; those of a source that cannot be reached.</exception>
    public async Task<(string Before, string? Now)> RunAsync(CancellationToken cancellation)
    {
        var before = await CheckAsync(cancellation);
        try
        {
            using var reply = await member.Set.RunCommandAsync(
                "admin",
                BsonDocument.Build(w =>
                    w.Int32("replSetStepDown"u8, order.Seconds)
                        .Int32("secondaryCatchUpPeriodSecs"u8, order.CatchUpSeconds)
                ),
                ReadTarget.Primary,
                cancellation
            );
        }
        catch (CommandException refusal) when (!refusal.IsStateChange)
        {
            throw AgentErrors.StepDownRefused(before, refusal.Message, refusal);
        }
        catch (BackupException)
        {
            // Servers up to 4.0 close all connections as they step down: whether it was done is seen by what follows.
        }

        return (before, await NextAsync(before, cancellation));
    }

    /// <summary>The primary, where an electable secondary has all but the last seconds.</summary>
    private async Task<string> CheckAsync(CancellationToken cancellation)
    {
        using var status = await member.Set.RunCommandAsync(
            "admin",
            SourceMember.Command("replSetGetStatus"),
            ReadTarget.Primary,
            cancellation
        );
        using var configuration = await member.Set.RunCommandAsync(
            "admin",
            SourceMember.Command("replSetGetConfig"),
            ReadTarget.Primary,
            cancellation
        );
        var electable = Electable(configuration.View["config"u8].AsDocument);
        var members = Monitoring.ServerSamples.Members(status.View);
        var primary = members.FirstOrDefault(static one => one is { Healthy: true, State: Primary })?.Name;
        if (primary is null)
        {
            throw AgentErrors.NoSuccessor("there is no primary");
        }

        var others = members.Where(one => one.Name != primary && electable.Contains(one.Name)).ToList();
        var ready = others.Where(static one =>
            one is { Healthy: true, State: Secondary, LagSeconds: <= MostLagSeconds }
        );
        return ready.Any()
            ? primary
            : throw AgentErrors.NoSuccessor(
                others.Count == 0
                    ? "no other member can be elected"
                    : string.Join(
                        ", ",
                        others.Select(static one =>
                            $"{one.Name} is {one.State}{(one.Healthy ? "" : ", not reached")}, {one.LagSeconds ?? 0} s behind"
                        )
                    )
            );
    }

    private static HashSet<string> Electable(BsonView configuration)
    {
        var electable = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in configuration["members"u8].AsDocument)
        {
            var one = item.AsDocument;
            var priority = one.TryGet("priority"u8, out var given) && given.IsNumber ? given.ToDouble() : 1;
            var isArbiter = one.TryGet("arbiterOnly"u8, out var arbiter) && arbiter.ToBoolean();
            if (priority > 0 && !isArbiter)
            {
                electable.Add(one["host"u8].AsString);
            }
        }

        return electable;
    }

    /// <summary>Who is elected; null where nobody is in time.</summary>
    private async Task<string?> NextAsync(string before, CancellationToken cancellation)
    {
        var begun = time.GetTimestamp();
        while (time.GetElapsedTime(begun) < Patience)
        {
            await Task.Delay(Look, time, cancellation);
            try
            {
                using var status = await member.RunAsync(
                    "admin",
                    SourceMember.Command("replSetGetStatus"),
                    cancellation
                );
                var primary = Monitoring
                    .ServerSamples.Members(status.View)
                    .FirstOrDefault(static one => one is { Healthy: true, State: Primary })
                    ?.Name;
                if (primary is not null && primary != before)
                {
                    return primary;
                }
            }
            catch (BackupException)
            {
                // The member that is read from may be the one that steps down.
            }
        }

        return null;
    }
}
