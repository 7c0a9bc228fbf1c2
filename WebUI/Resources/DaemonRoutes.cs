using Backup.WebUI.Access;
using Backup.WebUI.Contracts;
using Backup.WebUI.Desks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Backup.WebUI.Resources;

/// <summary>Daemons and the heads that they keep, for administrators of the appliance.</summary>
internal sealed class DaemonRoutes(ApiDesks desks) : IApiPart
{
    private const string Daemons = "/appliance/daemons";
    private const string Heads = "/appliance/heads";

    public void Map(IEndpointRouteBuilder api)
    {
        api.MapGet(Daemons, ListAsync).WithSummary("The daemons that keep heads and do jobs").Administrators();
        api.MapPost($"{Daemons}/{{daemon}}/drain", DrainAsync)
            .WithSummary("Let a daemon give its heads to others and take none: before it is stopped for a while")
            .Administrators("daemons.drain");
        api.MapPost($"{Daemons}/{{daemon}}/resume", ResumeAsync)
            .WithSummary("Let a daemon take heads again")
            .Administrators("daemons.resume");
        api.MapDelete($"{Daemons}/{{daemon}}", ForgetAsync)
            .WithSummary("Forget a daemon that is gone for good")
            .Administrators("daemons.forget");
        api.MapGet(Heads, HeadsAsync).WithSummary("Which daemon keeps which head").Administrators();
        api.MapPost($"{Heads}/{{replicaSet}}/move", MoveAsync)
            .WithSummary("Say which daemon is to keep a head from now on; none: whoever likes")
            .Administrators("heads.move");
    }

    private Task<IReadOnlyList<DaemonView>> ListAsync(CancellationToken cancellation) =>
        desks.Daemons.DaemonsAsync(cancellation);

    private Task<DaemonView> DrainAsync(string daemon, CancellationToken cancellation) =>
        desks.Daemons.DrainAsync(daemon, drains: true, cancellation);

    private Task<DaemonView> ResumeAsync(string daemon, CancellationToken cancellation) =>
        desks.Daemons.DrainAsync(daemon, drains: false, cancellation);

    private async Task<NoContent> ForgetAsync(string daemon, CancellationToken cancellation)
    {
        await desks.Daemons.ForgetAsync(daemon, cancellation);
        return TypedResults.NoContent();
    }

    private Task<IReadOnlyList<HeadPlaceView>> HeadsAsync(CancellationToken cancellation) =>
        desks.Daemons.HeadsAsync(cancellation);

    private Task<HeadPlaceView> MoveAsync(string replicaSet, HeadMove request, CancellationToken cancellation) =>
        desks.Daemons.MoveAsync(replicaSet, request.Daemon, cancellation);
}
