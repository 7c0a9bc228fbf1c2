using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using Backup.Agent.Flow;
using Backup.Foundation;
using Backup.Foundation.Contracts;

namespace Backup.Agent.Server;

/// <summary>
/// The contract's routes about one deployment as methods, under the lease with that fencing number: once another agent was granted a newer
/// one, each of them fails, and nothing is changed at the server. Thread-safe.
/// </summary>
internal sealed partial class LeasedServer(ServerConnection connection, long fence)
{
    public async Task<Assignment> DiscoverAsync(
        string deploymentId,
        DiscoveryReport report,
        CancellationToken cancellation
    )
    {
        using var response = await SendAsync(
            () =>
                Post(
                    AgentRoutes.Discovery(deploymentId),
                    JsonContent.Create(report, AgentJson.Default.DiscoveryReport)
                ),
            cancellation
        );
        return await Answers.ReadAsync(response, AgentJson.Default.Assignment, cancellation);
    }

    public async Task<Assignment> BeginSyncAsync(
        string replicaSetId,
        Optime begin,
        Slice catalogue,
        NamespaceFilter? filter,
        CancellationToken cancellation
    )
    {
        using var response = await SendAsync(
            () =>
            {
                var request = Begun(AgentRoutes.Syncs(replicaSetId), begin, catalogue);
                request.Headers.Add(AgentHeaders.Filter, FilterText.Fingerprint(filter));
                return request;
            },
            cancellation
        );
        return await Answers.ReadAsync(response, AgentJson.Default.Assignment, cancellation);
    }

    /// <summary>The partial sync that is to be worked on; null where there is none.</summary>
    public async Task<PartialSyncAnswer?> PartialSyncAsync(string replicaSetId, CancellationToken cancellation)
    {
        using var response = await SendAsync(
            () => new HttpRequestMessage(HttpMethod.Get, AgentRoutes.PartialSync(replicaSetId)),
            cancellation
        );
        return response.StatusCode == HttpStatusCode.NoContent
            ? null
            : await Answers.ReadAsync(response, AgentJson.Default.PartialSyncAnswer, cancellation);
    }

    public async Task<PartialSyncAnswer> BeginPartialAsync(
        string syncId,
        Optime begin,
        Slice catalogue,
        CancellationToken cancellation
    )
    {
        using var response = await SendAsync(
            () => Begun(AgentRoutes.PartialBegin(syncId), begin, catalogue),
            cancellation
        );
        return await Answers.ReadAsync(response, AgentJson.Default.PartialSyncAnswer, cancellation);
    }

    /// <summary>Comes back when the slice is durable at the server.</summary>
    public async Task PutSyncSliceAsync(
        string syncId,
        Guid collection,
        int range,
        long sequence,
        Slice slice,
        CancellationToken cancellation
    )
    {
        var route = AgentRoutes.SyncSlice(syncId, collection, range, sequence);
        using var response = await SendAsync(() => Sliced(HttpMethod.Put, route, slice), cancellation);
    }

    /// <summary>Comes back when the slice is durable at the server.</summary>
    public async Task PutOplogSliceAsync(
        string syncId,
        long sequence,
        Optime previous,
        Optime first,
        Optime last,
        Slice slice,
        CancellationToken cancellation
    )
    {
        using var response = await SendAsync(
            () =>
            {
                var request = Sliced(HttpMethod.Put, AgentRoutes.OplogSlice(syncId, sequence), slice);
                request.Headers.Add(AgentHeaders.Previous, WireOptimeText.Format(previous));
                request.Headers.Add(AgentHeaders.First, WireOptimeText.Format(first));
                request.Headers.Add(AgentHeaders.Last, WireOptimeText.Format(last));
                return request;
            },
            cancellation
        );
    }

    public async Task RangeDoneAsync(string syncId, Guid collection, int range, CancellationToken cancellation)
    {
        using var response = await SendAsync(
            () => Post(AgentRoutes.RangeDone(syncId, collection, range), content: null),
            cancellation
        );
    }

    /// <summary>Gives the sequence to go on with.</summary>
    public async Task<long> ResetRangeAsync(string syncId, Guid collection, int range, CancellationToken cancellation)
    {
        using var response = await SendAsync(
            () => Post(AgentRoutes.RangeReset(syncId, collection, range), content: null),
            cancellation
        );
        return (await Answers.ReadAsync(response, AgentJson.Default.SliceAnswer, cancellation)).NextSequence;
    }

    public async Task CopiedAsync(string syncId, Optime end, CancellationToken cancellation)
    {
        var report = new CopiedReport(WireOptime.From(end));
        using var response = await SendAsync(
            () => Post(AgentRoutes.Copied(syncId), JsonContent.Create(report, AgentJson.Default.CopiedReport)),
            cancellation
        );
    }

    public async Task ReportHoleAsync(string replicaSetId, HoleReport report, CancellationToken cancellation)
    {
        using var response = await SendAsync(
            () => Post(AgentRoutes.Holes(replicaSetId), JsonContent.Create(report, AgentJson.Default.HoleReport)),
            cancellation
        );
    }

    private Task<HttpResponseMessage> SendAsync(Func<HttpRequestMessage> make, CancellationToken cancellation) =>
        connection.SendAsync(
            () =>
            {
                var request = make();
                request.Headers.Add(AgentHeaders.Fence, fence.ToString());
                return request;
            },
            cancellation
        );

    private static HttpRequestMessage Post(string route, HttpContent? content) =>
        new(HttpMethod.Post, route) { Content = content };

    private static HttpRequestMessage Begun(string route, Optime begin, Slice catalogue)
    {
        var request = Sliced(HttpMethod.Post, route, catalogue);
        request.Headers.Add(AgentHeaders.Begin, WireOptimeText.Format(begin));
        return request;
    }

    private static HttpRequestMessage Sliced(HttpMethod method, string route, Slice slice)
    {
        var content = new ReadOnlyMemoryContent(slice.Frame);
        content.Headers.ContentType = new MediaTypeHeaderValue(AgentProtocol.SliceMediaType);
        var request = new HttpRequestMessage(method, route) { Content = content };
        // A server without room says so before the slice is on its way.
        request.Headers.ExpectContinue = true;
        request.Headers.Add(AgentHeaders.RawLength, slice.RawLength.ToString());
        request.Headers.Add(AgentHeaders.Documents, slice.Documents.ToString());
        request.Headers.Add(AgentHeaders.Sha256, Convert.ToHexStringLower(slice.Sha256));
        return request;
    }
}
