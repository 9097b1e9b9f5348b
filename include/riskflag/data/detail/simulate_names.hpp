#pragma once

// Professions, states and cities of the simulated loans. The names are real; every figure is made up.

#include <array>
#include <string_view>

namespace riskflag::inline v0_1::detail {

struct NamedRisk {
  std::string_view name;
  double risk;  ///< log-odds towards default
};
struct Profession {
  std::string_view name;
  double income;  ///< log of income, relative
  double risk;    ///< log-odds towards default
};
struct City {
  std::string_view name;
  int state;    ///< index into kStates
  double risk;  ///< log-odds towards default, beside the state's
};

// Sorted by bytes, as the levels of a column are.
inline constexpr auto kProfessions = std::to_array<Profession>({
    {"Accountant", 0.15, -0.25},
    {"Actor", -0.1, 0.45},
    {"Air_Traffic_Controller", 0.35, -0.3},
    {"Architect", 0.25, -0.1},
    {"Baker", -0.3, 0.1},
    {"Bus_Driver", -0.25, 0.15},
    {"Carpenter", -0.25, 0.15},
    {"Cashier", -0.4, 0.25},
    {"Chemist", 0.2, -0.2},
    {"Civil_Engineer", 0.25, -0.15},
    {"Civil_Servant", 0.05, -0.45},
    {"Cleaner", -0.55, 0.35},
    {"Cook", -0.3, 0.2},
    {"Courier", -0.4, 0.4},
    {"Data_Analyst", 0.3, -0.2},
    {"Dentist", 0.55, -0.35},
    {"Economist", 0.35, -0.2},
    {"Electrician", -0.05, 0.0},
    {"Farmer", -0.35, 0.25},
    {"Firefighter", 0.05, -0.25},
    {"Graphic_Designer", -0.05, 0.2},
    {"Hotel_Manager", 0.15, 0.05},
    {"Journalist", 0.0, 0.2},
    {"Judge", 0.6, -0.6},
    {"Lawyer", 0.5, -0.25},
    {"Librarian", -0.1, -0.3},
    {"Mechanic", -0.1, 0.1},
    {"Musician", -0.2, 0.55},
    {"Nurse", 0.0, -0.2},
    {"Pharmacist", 0.25, -0.25},
    {"Photographer", -0.2, 0.35},
    {"Physician", 0.65, -0.45},
    {"Pilot", 0.6, -0.2},
    {"Plumber", -0.05, 0.1},
    {"Police_Officer", 0.05, -0.2},
    {"Politician", 0.4, 0.3},
    {"Sales_Agent", -0.05, 0.3},
    {"Security_Guard", -0.45, 0.35},
    {"Software_Developer", 0.45, -0.25},
    {"Street_Vendor", -0.6, 0.6},
    {"Surgeon", 0.8, -0.5},
    {"Surveyor", 0.1, -0.05},
    {"Tailor", -0.4, 0.25},
    {"Teacher", 0.0, -0.3},
    {"Technician", -0.05, 0.05},
    {"Translator", 0.05, 0.1},
    {"Waiter", -0.5, 0.45},
    {"Web_Designer", 0.15, 0.1},
});

inline constexpr auto kStates = std::to_array<NamedRisk>({
    {"Andhra_Pradesh", 0.05}, {"Assam", 0.15},         {"Bihar", 0.3},
    {"Chhattisgarh", 0.1},    {"Delhi", -0.15},        {"Goa", -0.35},
    {"Gujarat", -0.15},       {"Haryana", 0.0},        {"Himachal_Pradesh", -0.25},
    {"Jharkhand", 0.25},      {"Karnataka", -0.1},     {"Kerala", -0.2},
    {"Madhya_Pradesh", 0.15}, {"Maharashtra", -0.05},  {"Odisha", 0.2},
    {"Punjab", 0.05},         {"Rajasthan", 0.15},     {"Tamil_Nadu", -0.1},
    {"Telangana", 0.0},       {"Uttar_Pradesh", 0.25}, {"Uttarakhand", -0.05},
    {"West_Bengal", 0.1},
});

// The larger city first: the simulator draws small indices more often.
inline constexpr auto kCities = std::to_array<City>({
    {"Mumbai", 13, 0.02},      {"New_Delhi", 4, 0.23},
    {"Bengaluru", 10, -0.17},  {"Chennai", 17, 0.18},
    {"Hyderabad", 18, -0.05},  {"Kolkata", 21, -0.05},
    {"Ahmedabad", 6, 0.34},    {"Lucknow", 19, 0.03},
    {"Jaipur", 16, -0.01},     {"Patna", 2, 0.13},
    {"Bhopal", 12, 0.2},       {"Kochi", 11, -0.01},
    {"Ludhiana", 15, 0.11},    {"Visakhapatnam", 0, -0.18},
    {"Gurugram", 7, -0.07},    {"Bhubaneswar", 14, -0.08},
    {"Ranchi", 9, -0.24},      {"Guwahati", 1, -0.27},
    {"Raipur", 3, -0.29},      {"Dehradun", 20, -0.04},
    {"Panaji", 5, -0.03},      {"Shimla", 8, -0.06},
    {"Pune", 13, 0.01},        {"Dwarka", 4, -0.24},
    {"Mysuru", 10, -0.01},     {"Coimbatore", 17, 0.04},
    {"Warangal", 18, 0.14},    {"Howrah", 21, -0.15},
    {"Surat", 6, -0.07},       {"Kanpur", 19, -0.36},
    {"Jodhpur", 16, -0.09},    {"Gaya", 2, -0.4},
    {"Indore", 12, -0.26},     {"Thiruvananthapuram", 11, 0.2},
    {"Amritsar", 15, -0.4},    {"Vijayawada", 0, 0.14},
    {"Faridabad", 7, 0.06},    {"Cuttack", 14, -0.06},
    {"Jamshedpur", 9, 0.08},   {"Silchar", 1, 0.09},
    {"Bhilai", 3, 0.19},       {"Haridwar", 20, -0.04},
    {"Margao", 5, -0.11},      {"Solan", 8, -0.11},
    {"Nagpur", 13, -0.18},     {"Rohini", 4, -0.01},
    {"Mangaluru", 10, -0.14},  {"Madurai", 17, 0.19},
    {"Karimnagar", 18, -0.34}, {"Durgapur", 21, -0.2},
    {"Vadodara", 6, -0.17},    {"Varanasi", 19, -0.38},
    {"Udaipur", 16, 0.34},     {"Muzaffarpur", 2, -0.43},
    {"Gwalior", 12, -0.05},    {"Kozhikode", 11, -0.09},
    {"Jalandhar", 15, 0.3},    {"Guntur", 0, -0.36},
    {"Panipat", 7, 0.19},      {"Rourkela", 14, -0.13},
    {"Dhanbad", 9, -0.03},     {"Nashik", 13, -0.12},
    {"Hubballi", 10, 0.12},    {"Salem", 17, -0.2},
    {"Siliguri", 21, -0.01},   {"Rajkot", 6, 0.06},
    {"Agra", 19, 0.33},        {"Kota", 16, -0.43},
    {"Bhagalpur", 2, 0.27},    {"Jabalpur", 12, 0.17},
    {"Thrissur", 11, -0.09},   {"Tirupati", 0, 0.05},
    {"Solapur", 13, -0.08},    {"Belagavi", 10, 0.3},
    {"Vellore", 17, 0.04},     {"Asansol", 21, -0.04},
    {"Bhavnagar", 6, -0.04},   {"Prayagraj", 19, -0.04},
    {"Ajmer", 16, -0.03},      {"Kolhapur", 13, -0.16},
    {"Meerut", 19, 0.37},      {"Ghaziabad", 19, -0.34},
});

}  // namespace riskflag::inline v0_1::detail
