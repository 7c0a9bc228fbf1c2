using Backup.WebUI.Access;
using Backup.WebUI.Contracts;
using Backup.WebUI.Desks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backup.WebUI.Resources;

/// <summary>Encryption at rest: the keys of all groups, for administrators of the appliance.</summary>
internal sealed class KeyRoutes(ApiDesks desks) : IApiPart
{
    private const string Keys = "/appliance/keys";

    public void Map(IEndpointRouteBuilder api)
    {
        api.MapGet(Keys, ShowAsync)
            .WithSummary("Whether what is stored is encrypted, and the names of the keys of each group")
            .Administrators();
        api.MapPost($"{Keys}/rotate", RotateAsync)
            .WithSummary("A new data key for a group, or for each: what is stored from now on is sealed under it")
            .Administrators("keys.rotate", confirmed: true);
        api.MapPost($"{Keys}/rotate-master", RotateMasterAsync)
            .WithSummary("Wrap all keys under the next master key, as the configuration names it")
            .Administrators("keys.rotate-master", confirmed: true);
        api.MapPost($"{Keys}/shred", ShredAsync)
            .WithSummary("Destroy all keys of a group: what is stored for it is lost for ever; confirm: its name")
            .Administrators("keys.shred", confirmed: true);
    }

    private Task<KeysView> ShowAsync(CancellationToken cancellation) => desks.Keys.KeysAsync(cancellation);

    private Task<KeysView> RotateAsync(KeyRotation request, CancellationToken cancellation) =>
        desks.Keys.RotateAsync(request, cancellation);

    private Task<MasterRotatedView> RotateMasterAsync(CancellationToken cancellation) =>
        desks.Keys.RotateMasterAsync(cancellation);

    private Task<KeysView> ShredAsync(KeyShredding request, CancellationToken cancellation) =>
        desks.Keys.ShredAsync(request, cancellation);
}
