using System.Text.Json.Serialization;
using Backup.Foundation.Contracts;

namespace Backup.Agent.Status;

/// <summary>What <c>backup-agent status --json</c> prints: a contract with scripts. Fields are only ever added.</summary>
/// <param name="Running">False where no agent runs on the folder: then only what the folder holds is there.</param>
/// <param name="AgentId">The server's id of it.</param>
/// <param name="Server">Its address.</param>
internal sealed record AgentStatus(bool Running, string AgentId, string Server)
{
    public string? Version { get; init; }

    public int? ProcessId { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When the server last answered a heartbeat.</summary>
    public DateTimeOffset? ServerAnsweredAt { get; init; }

    /// <summary>Why it did not answer the last one.</summary>
    public Fault? ServerError { get; init; }

    public IReadOnlyList<DeploymentStatus> Deployments { get; init; } = [];
}

/// <param name="Id">The server's.</param>
/// <param name="Name">For people.</param>
/// <param name="State">What the agent does now, for people.</param>
/// <param name="Fence">Number of the lease that it holds; left out where it stands by.</param>
internal sealed record DeploymentStatus(string Id, string Name, string State, long? Fence)
{
    /// <summary>Who works on it, where this agent stands by.</summary>
    public string? Holder { get; init; }

    /// <summary>How long ago the lease was renewed last.</summary>
    public double? LeaseRenewedSecondsAgo { get; init; }

    /// <summary>The rule for the member.</summary>
    public string? Rule { get; init; }

    /// <summary>host:port that is read.</summary>
    public string? Member { get; init; }

    public string? Why { get; init; }

    /// <summary>The last entry of the oplog that the server has acknowledged.</summary>
    public WireOptime? Position { get; init; }

    /// <summary>Of <see cref="Position"/> behind what a majority of the source had at the last heartbeat.</summary>
    public double? LagSeconds { get; init; }

    public AcknowledgedSlice? LastSlice { get; init; }

    public LoadReport? Load { get; init; }

    /// <summary>While collections are copied.</summary>
    public CopyProgress? Copy { get; init; }

    /// <summary>Why nothing goes on.</summary>
    public Fault? Error { get; init; }

    /// <summary>The last thing that went wrong, over or not.</summary>
    public PastFault? LastError { get; init; }
}

/// <param name="Kind">copy or oplog.</param>
/// <param name="Sequence">Its number, from 0; of its range or of the sync's oplog.</param>
/// <param name="Bytes">Raw.</param>
/// <param name="At">When the server acknowledged it.</param>
internal sealed record AcknowledgedSlice(string Kind, long Sequence, long Bytes, DateTimeOffset At);

/// <param name="Bytes">Acknowledged of the ranges that are not done, and of those that this run has done.</param>
/// <param name="ExpectedBytes">Of the same, by the source's statistics.</param>
/// <param name="EtaSeconds">At the speed of this run until now; left out while that is not known.</param>
internal sealed record CopyProgress(long Bytes, long ExpectedBytes, long? EtaSeconds);

internal sealed record PastFault(DateTimeOffset At, Fault Fault);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(AgentStatus))]
internal sealed partial class StatusJson : JsonSerializerContext;
