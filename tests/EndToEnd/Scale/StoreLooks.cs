using System.Diagnostics;
using System.Text.Json;
using Shouldly;

namespace Backup.Tests.EndToEnd.Scale;

/// <summary>Looks at the block stores of an appliance, by its own socket.</summary>
internal static class StoreLooks
{
    internal static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <summary>Grooms until the store has nothing: what was in work while one began is given up by the next.</summary>
    internal static async Task EmptyAsync(ApplianceProcess appliance, string store)
    {
        for (var watch = Stopwatch.StartNew(); Blocks(await StoresAsync(appliance), store) > 0; )
        {
            watch.Elapsed.ShouldBeLessThan(Patience, $"'{store}' still has blocks");
            (await appliance.RunAsync("store", "groom")).Succeeded();
        }
    }

    internal static async Task RefusedAsync(ApplianceProcess appliance, string stores, string code)
    {
        appliance.Variables["BACKUP_STORES"] = stores;
        appliance.ForgetOutput();
        appliance.Up();
        await appliance.WaitForOutputAfterExitAsync(code);
    }

    internal static async Task UntilAsync(ApplianceProcess appliance, Func<JsonElement, bool> isSo)
    {
        var last = "nothing";
        for (var watch = Stopwatch.StartNew(); watch.Elapsed < Patience; await Task.Delay(20))
        {
            var stores = await StoresAsync(appliance);
            if (isSo(stores))
            {
                return;
            }

            last = stores.ToString();
        }

        throw new TimeoutException($"The stores stay {last}. The appliance said:\n{appliance.Output}");
    }

    internal static async Task<string> GroupAsync(ApplianceProcess appliance) =>
        (await HostSocket.SendAsync(appliance.Data, HttpMethod.Get, "/caller")).GetProperty("home").GetString()!;

    internal static async Task<JsonElement> StoresAsync(ApplianceProcess appliance) =>
        await HostSocket.SendAsync(
            appliance.Data,
            HttpMethod.Get,
            $"/groups/{await GroupAsync(appliance)}/storage/stores"
        );

    internal static long Blocks(JsonElement stores, string name) =>
        stores
            .GetProperty("stores")
            .EnumerateArray()
            .Single(one => one.GetProperty("name").GetString() == name)
            .GetProperty("blocks")
            .GetInt64();
}
