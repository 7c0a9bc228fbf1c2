using System.Text.Json;
using Backup.Foundation.Contracts;
using Backup.Metadata;

namespace Backup.BackupHttpServer;

/// <summary>What is asked of a source's servers: handed to the agent that reads the source with the answer to a heartbeat, once.</summary>
public static class HostRequests
{
    /// <summary>One that was not handed out in that time is not done any more: nobody waits for it.</summary>
    internal static readonly TimeSpan RequestLife = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    /// <summary>Asks, and waits for the answer.</summary>
    /// <param name="metadata">Where request and answer are.</param>
    /// <param name="deploymentId">Whose servers.</param>
    /// <param name="request">Its id is given here.</param>
    /// <param name="patience">How long it is waited for.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Gives up; what was handed out is done all the same.</param>
    /// <returns>Null where nobody answered in time.</returns>
    public static async Task<HostAnswer?> AskAsync(
        IMetadataStore metadata,
        string deploymentId,
        HostRequest request,
        TimeSpan patience,
        TimeProvider time,
        CancellationToken cancellation = default
    )
    {
        var asked = request with { Id = Guid.NewGuid().ToString("N") };
        var started = time.GetTimestamp();
        var json = JsonSerializer.Serialize(asked, AgentJson.Default.HostRequest);
        await metadata.HostRequests.AskAsync(
            new HostRequestRecord(deploymentId, asked.Id, json, time.GetUtcNow()),
            cancellation
        );
        while (true)
        {
            var seen = metadata.ChangeCount;
            var found = await metadata.HostRequests.FindAsync(deploymentId, cancellation);
            if (found?.Id != asked.Id)
            {
                // Somebody else asked for the same deployment meanwhile.
                return null;
            }

            if (found.Answer is { } answer)
            {
                return JsonSerializer.Deserialize(answer, AgentJson.Default.HostAnswer);
            }

            if (time.GetElapsedTime(started) >= patience)
            {
                return null;
            }

            await metadata.WaitForChangeAsync(seen, Look, cancellation);
        }
    }

    /// <summary>What that agent is to do now; null where nothing is asked, or another agent reads the source.</summary>
    internal static async Task<HostRequest?> TakeAsync(
        IMetadataStore metadata,
        string deploymentId,
        string agentId,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var newest = await metadata.HostRequests.FindAsync(deploymentId, cancellation);
        if (
            newest is null or { Answer: not null }
            || (await metadata.Leases.FindAsync(deploymentId, cancellation))?.AgentId != agentId
        )
        {
            return null;
        }

        var taken = await metadata.HostRequests.TakeAsync(deploymentId, time.GetUtcNow() - RequestLife, cancellation);
        return taken is null ? null : JsonSerializer.Deserialize(taken.Request, AgentJson.Default.HostRequest);
    }
}
