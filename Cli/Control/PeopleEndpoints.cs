using Backup.Cli.Appliance;
using Microsoft.AspNetCore.Builder;

namespace Backup.Cli.Control;

/// <summary>Accounts.</summary>
internal static class PeopleEndpoints
{
    internal static void Map(WebApplication application, PeopleOperations people)
    {
        application.MapPost(ControlRoutes.People, people.AddAsync);
        application.MapPost(ControlRoutes.SetupToken, people.SetupTokenAsync);
        application.MapPost(ControlRoutes.PersonPassword, people.SetPasswordAsync);
    }
}
